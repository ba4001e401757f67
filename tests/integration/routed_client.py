"""A client as docs/api.md describes it for several servers behind a proxy: it names its user to the proxy, and repeats what
was UNAVAILABLE."""
import hashlib
import json

from server_process import MODULES

CALL_S = 60
# UNAVAILABLE says that repeating helps. All writes here carry a request id, so repeating them does them once.
RETRIES = json.dumps({"methodConfig": [{
    "name": [{"service": f"idiolect.v1.{service}"} for service in ("DialogueService", "HistoryService")],
    "retryPolicy": {"maxAttempts": 5, "initialBackoff": "0.2s", "maxBackoff": "2s", "backoffMultiplier": 2,
                    "retryableStatusCodes": ["UNAVAILABLE"]}}]})


def route(user):
    return (("x-idiolect-route", hashlib.sha256(user.encode()).hexdigest()[:16]),)


class RoutedClient:
    def __init__(self, address, certificate):
        grpc = MODULES["grpc"]
        with open(certificate, "rb") as file:
            credentials = grpc.ssl_channel_credentials(file.read())
        # A connection of its own: channels to one address would otherwise share theirs.
        self.channel = grpc.secure_channel(address, credentials, [("grpc.service_config", RETRIES),
                                                                  ("grpc.use_local_subchannel_pool", 1)])
        self.dialogue = MODULES["dialogue_pb2_grpc"].DialogueServiceStub(self.channel)
        self.history = MODULES["history_pb2_grpc"].HistoryServiceStub(self.channel)

    def append(self, user, request_id, response):
        """The user's revision."""
        messages = MODULES["history_pb2"]
        exchange = messages.Exchange(post="how are you?", response=response)
        return self.history.AppendExchange(
            messages.AppendExchangeRequest(user_id=user, request_id=request_id, exchange=exchange), metadata=route(user),
            timeout=CALL_S).revision

    def reply(self, user, min_revision=0):
        """The revision that the reply was built from, and whether the server had to build the user's profile for it."""
        request = MODULES["dialogue_pb2"].GenerateReplyRequest(user_id=user, post="are you coming?",
                                                               min_revision=min_revision)
        reply, call = self.dialogue.GenerateReply.with_call(request, metadata=route(user), timeout=CALL_S)
        timing = dict(call.trailing_metadata())["server-timing"]
        return reply.profile_revision, "profile;desc=built" in timing

    def close(self):
        self.channel.close()
