#!/usr/bin/env python3
"""A first conversation with Idiolect, in Python.

    pip install grpcio-tools
    python -m grpc_tools.protoc --proto_path=proto --python_out=gen --grpc_python_out=gen \
        google/rpc/status.proto google/rpc/error_details.proto \
        idiolect/v1/dialogue.proto idiolect/v1/history.proto idiolect/v1/profile.proto idiolect/v1/model.proto
    PYTHONPATH=gen python docs/examples/client.py 127.0.0.1:50051

(make the folder gen first). On Debian without pip: apt-get install python3-grpcio protobuf-compiler-grpc, then protoc
--proto_path=proto --python_out=gen --grpc_python_out=gen --plugin=protoc-gen-grpc_python=/usr/bin/grpc_python_plugin …
"""
import hashlib
import sys
import uuid

import grpc
from google.rpc import error_details_pb2, status_pb2
from idiolect.v1 import dialogue_pb2, dialogue_pb2_grpc
from idiolect.v1 import history_pb2, history_pb2_grpc
from idiolect.v1 import profile_pb2, profile_pb2_grpc

TIMEOUT_S = 30  # without one a call waits as long as it takes


def violations(error):
    """The fields that an INVALID_ARGUMENT names, as (field, description)."""
    for key, value in error.trailing_metadata() or ():
        if key != "grpc-status-details-bin":
            continue
        for detail in status_pb2.Status.FromString(value).details:
            bad_request = error_details_pb2.BadRequest()
            if detail.Unpack(bad_request):
                for violation in bad_request.field_violations:
                    yield violation.field, violation.description


def routed(user):
    """Metadata for calls about `user`: with it a proxy in front of several servers finds the one that knows the user."""
    return (("x-idiolect-route", hashlib.sha256(user.encode()).hexdigest()[:16]),)


def main(address):
    channel = grpc.insecure_channel(address)
    dialogue = dialogue_pb2_grpc.DialogueServiceStub(channel)
    history = history_pb2_grpc.HistoryServiceStub(channel)
    profile = profile_pb2_grpc.ProfileServiceStub(channel)
    user = "example-python"
    options = {"timeout": TIMEOUT_S, "metadata": routed(user)}

    # What the user said: durable once the call returns. The request id makes it safe to repeat.
    for post, response in [("how was the concert?", "dude it was sooo loud, loved it"),
                           ("coffee?", "always. dude. always."),
                           ("did you finish the report?", "nope, tomorrow. promise!")]:
        appended = history.AppendExchange(
            history_pb2.AppendExchangeRequest(
                user_id=user, request_id=str(uuid.uuid4()),
                exchange=history_pb2.Exchange(post=post, response=response, source="example")),
            **options)

    # A reply, built from a history that holds at least what was just appended.
    reply = dialogue.GenerateReply(
        dialogue_pb2.GenerateReplyRequest(
            user_id=user, post="are you coming tonight?", explain=True, min_revision=appended.revision,
            decoding=dialogue_pb2.DecodingOptions(temperature=0.8, top_p=0.9, seed=7)),
        **options)
    best = reply.candidates[0]
    print("reply:", best.text)
    for token in best.explanation:
        sources = ", ".join(f"exchange {s.exchange_id} {s.weight:.0%}" for s in token.sources)
        print(f"  {token.text!r:12} copied with probability {token.copy_probability:.2f}  {sources}")

    # The same as a stream: text as it is decoded, the summary last.
    print("stream: ", end="")
    for message in dialogue.StreamReply(
            dialogue_pb2.StreamReplyRequest(user_id=user, post="are you coming tonight?"), **options):
        if message.HasField("summary"):
            print(f"   (revision {message.summary.profile_revision})")
        else:
            print(message.text, end="", flush=True)

    # Which of these sounds like the user?
    candidates = ["I regret that I shall be unable to attend.", "dude always, promise!", "Yes."]
    scores = dialogue.ScoreReplies(
        dialogue_pb2.ScoreRepliesRequest(user_id=user, post="are you coming tonight?", candidates=candidates),
        **options)
    for scored in scores.replies:
        print(f"score {scored.score:8.3f}  {candidates[scored.index]}")

    # What the model makes of the user.
    got = profile.GetProfile(profile_pb2.GetProfileRequest(user_id=user, vocabulary_size=5), **options)
    print("vocabulary:", ", ".join(f"{word.word} {word.weight:.2f}" for word in got.vocabulary))

    # Errors name their fields.
    try:
        dialogue.GenerateReply(
            dialogue_pb2.GenerateReplyRequest(user_id="", decoding=dialogue_pb2.DecodingOptions(top_k=-1)),
            timeout=TIMEOUT_S)
    except grpc.RpcError as error:
        print(error.code().name, list(violations(error)))

    receipt = history.EraseUser(
        history_pb2.EraseUserRequest(user_id=user, request_id=str(uuid.uuid4())), **options)
    print("erased:", receipt.exchanges_erased, "exchanges")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:50051")
