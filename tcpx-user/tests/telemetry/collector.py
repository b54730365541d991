"""`collector.py FILE`: whether a collector's configuration is whole, and sends to the tables of deploy/clickhouse."""

import sys

import yaml

with open(sys.argv[1], encoding="utf-8") as file:
    config = yaml.safe_load(file)

service = config["service"]
used = {kind: set() for kind in ("receivers", "processors", "exporters")}
for name, pipeline in service["pipelines"].items():
    for kind, parts in pipeline.items():
        used[kind].update(parts)
        missing = set(parts) - set(config[kind])
        assert not missing, f"pipeline {name} names {kind} that are not defined: {missing}"
    assert pipeline["receivers"] and pipeline["exporters"], f"pipeline {name} leads nowhere"
for kind, parts in used.items():
    idle = set(config.get(kind, {})) - parts
    assert not idle, f"{kind} that no pipeline has: {idle}"
assert set(config["extensions"]) == set(service["extensions"]), "extensions that are not started, or not defined"

assert service["pipelines"]["logs"]["exporters"] == ["clickhouse"]
assert service["pipelines"]["metrics"]["exporters"] == ["prometheus"]
clickhouse = config["exporters"]["clickhouse"]
assert (clickhouse["database"], clickhouse["logs_table_name"]) == ("tcpx", "otel_logs"), clickhouse
assert clickhouse["create_schema"] is False, "the exporter's own table would take the place of ours"
for exporter in config["exporters"].values():
    storage = exporter.get("sending_queue", {}).get("storage")
    assert storage is None or storage in config["extensions"], f"no extension {storage}"
assert "http" in config["receivers"]["otlp"]["protocols"], "tcpx speaks OTLP over HTTP"
