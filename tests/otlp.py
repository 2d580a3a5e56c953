#!/usr/bin/env python3
"""Records of the audit at an OpenTelemetry collector, which refuses the first batch. What arrives is read
with OpenTelemetry's own definitions. Needs opentelemetry-proto."""

import http.server
import json
import os
import pathlib
import sys
import threading
import urllib.error
import urllib.request

from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "clients/python"))
from keyway import Keyway  # noqa: E402

CALLS = 20


class Collector(http.server.BaseHTTPRequestHandler):
    logs, spans, refused, arrived = [], [], set(), threading.Event()

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        assert self.headers["content-type"] == "application/json" and self.headers["x-key"] == "of a tenant"
        first = self.path not in self.refused
        self.refused.add(self.path)
        if not first:
            if self.path == "/v1/logs":
                request = json_format.Parse(body, ExportLogsServiceRequest())
                Collector.logs += [record for one in request.resource_logs for scope in one.scope_logs for record in scope.log_records]
            else:
                request = json_format.Parse(body, ExportTraceServiceRequest())
                Collector.spans += [span for one in request.resource_spans for scope in one.scope_spans for span in scope.spans]
                # The ids are hexadecimal in OTLP's JSON, unlike the rest of protobuf's.
                for span in json.loads(body)["resourceSpans"][0]["scopeSpans"][0]["spans"]:
                    assert len(bytes.fromhex(span["traceId"])) == 16 and len(bytes.fromhex(span["spanId"])) == 8
            if len(Collector.spans) >= CALLS:
                self.arrived.set()
        self.send_response(503 if first else 200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    os.environ["OTEL_EXPORTER_OTLP_HEADERS"] = "X-Key=of a tenant"
    keyway = Keyway(None, "--otlp", f"http://127.0.0.1:{server.server_port}", through_gateway=False)
    _, token = keyway.app(keyway.account("Traced"), "Traced", ["crm.objects.contacts.read"])
    for number in range(CALLS):
        bearer = token if number % 2 else "nobody's"
        try:
            urllib.request.urlopen(urllib.request.Request(f"{keyway.url}/crm/v3/objects/contacts", headers={"authorization": f"Bearer {bearer}"}))
        except urllib.error.HTTPError:
            pass
    assert Collector.arrived.wait(30), f"{len(Collector.spans)} spans and {len(Collector.logs)} log records arrived"
    records = {record["correlationId"]: record for record in keyway.records()}
    keyway.stop()
    assert len(Collector.logs) == len(Collector.spans) == CALLS == len(records)
    for span, log in zip(Collector.spans, Collector.logs):
        of_span, of_log = ({one.key: one.value.string_value or one.value.int_value or list(map(str, one.value.array_value.values)) for one in each.attributes} for each in (span, log))
        record = records[of_span["keyway.correlation_id"]]
        assert of_span == of_log and of_span["http.response.status_code"] == record["status"]
        assert of_span["http.request.method"] == "GET" and of_span.get("http.route", "/").startswith("/")
        assert span.end_time_unix_nano - span.start_time_unix_nano == record["latencyUs"] * 1000
        assert span.name == record["operation"] and span.kind == 2 and span.trace_id == log.trace_id
    secrets = str(Collector.logs) + str(Collector.spans)
    assert token not in secrets and "nobody's" not in secrets
    print(f"{CALLS} calls: {len(Collector.logs)} log records and {len(Collector.spans)} spans, after a refusal of each")


if __name__ == "__main__":
    main()
