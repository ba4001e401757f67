#!/usr/bin/env python3
"""Does what docker/compose.yaml starts fit together? For check-compose.

    docker-compose --file docker/compose.yaml config | check_compose.py

Who scrapes, reads or mounts what is compared across compose.yaml, the Dockerfile, Prometheus' and Grafana's files. Prints the
server's environment, a line each, as the container has it: the image's, overruled by that of compose.yaml.
"""
import json
import pathlib
import re
import sys
import urllib.parse

import yaml

DOCKER = pathlib.Path(__file__).resolve().parents[1] / "docker"
CONFIG = yaml.safe_load(sys.stdin)
SERVICES = CONFIG["services"]


def read(name):
    return yaml.safe_load((DOCKER / name).read_text())


def check(condition, *what):
    if not condition:
        sys.exit("check-compose: FAILED: " + " ".join(map(str, what)))


def environment_of_the_server():
    block, = re.findall(r"^ENV ((?:.*\\\n)+.*)", (DOCKER / "Dockerfile").read_text().split("FROM scratch")[1], re.M)
    return dict(re.findall(r"(\w+)=(\S+)", block)) | SERVICES["server"]["environment"]


def port_of(address):
    return int(address.rsplit(":", 1)[1])


def networks_of(service):
    return set(SERVICES[service]["networks"])


def mounts_of(service):
    """Folders and files of docker/, by where the container sees them."""
    mounts = {}
    for volume in SERVICES[service]["volumes"]:
        source, target = volume.split(":")[:2]
        if source.startswith("/"):
            check(pathlib.Path(source).exists(), source, "is mounted and does not exist")
            mounts[target] = pathlib.Path(source)
    return mounts


def check_server(environment):
    port, published = port_of(environment["IDIOLECT_LISTEN"]), SERVICES["server"]["ports"]
    check(published == [f"127.0.0.1:{port}:{port}/tcp"], "the server listens on", port, "but published is", published)
    store = urllib.parse.urlsplit(environment["IDIOLECT_STORE"])
    database = SERVICES[store.hostname]["environment"]
    check((store.username, store.path[1:]) == (database["POSTGRES_USER"], database["POSTGRES_DB"]),
          "PostgreSQL has another user or database than", environment["IDIOLECT_STORE"])
    check(environment["PGPASSWORD"] == database["POSTGRES_PASSWORD"], "the passwords of PostgreSQL differ")
    check(networks_of("server") & networks_of(store.hostname), "the server can't reach PostgreSQL")


def check_prometheus(environment):
    file, = (argument.split("=", 1)[1] for argument in SERVICES["prometheus"]["command"] if "config.file" in argument)
    folder = mounts_of("prometheus")[str(pathlib.PurePosixPath(file).parent)]
    configuration = yaml.safe_load((folder / pathlib.PurePosixPath(file).name).read_text())
    scraped, = (target for job in configuration["scrape_configs"] for group in job["static_configs"]
                for target in group["targets"])
    check(scraped == f"server:{port_of(environment['IDIOLECT_METRICS_LISTEN'])}",
          "Prometheus scrapes", scraped, "but the metrics are at", environment["IDIOLECT_METRICS_LISTEN"])
    check(networks_of("prometheus") & networks_of("server"), "Prometheus can't reach the server")
    for rules in configuration["rule_files"]:
        check((folder / rules).exists(), "the rules", rules, "are not mounted")


def check_grafana():
    mounts = mounts_of("grafana")
    source, = read("grafana/provisioning/datasources/prometheus.yaml")["datasources"]
    url = urllib.parse.urlsplit(source["url"])
    check(url.hostname in SERVICES and networks_of("grafana") & networks_of(url.hostname), "Grafana can't reach", source["url"])
    check(mounts.get("/etc/grafana/provisioning") == DOCKER / "grafana/provisioning", "its provisioning is not mounted")
    provider, = read("grafana/provisioning/dashboards/idiolect.yaml")["providers"]
    boards = [path for target, path in mounts.items() if target.startswith(provider["options"]["path"] + "/")]
    check(boards, "no dashboard is mounted in", provider["options"]["path"])
    for board in boards:
        kinds = {variable["query"] for variable in json.loads(board.read_text())["templating"]["list"]
                 if variable["type"] == "datasource"}
        check(kinds == {source["type"]}, board, "asks for a data source of the kind", kinds)


def main():
    environment = environment_of_the_server()
    # As in the image, whose folder of models is the repository's.
    check((DOCKER.parent / "models" / pathlib.PurePosixPath(environment["IDIOLECT_MODEL"]).name).exists(), "there is no such model")
    check_server(environment)
    check_prometheus(environment)
    check_grafana()
    for name, value in environment.items():
        print(f"{name}={value}")


if __name__ == "__main__":
    main()
