from prometheus_client.parser import text_string_to_metric_families

from guildhall.core.metrics import Metrics


def shown(metrics: Metrics) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    families = text_string_to_metric_families(metrics.render().decode())
    samples = [sample for family in families for sample in family.samples]
    return {(sample.name, frozenset(sample.labels.items())): sample.value for sample in samples}


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return shown(metrics).get((name, frozenset(labels.items())))


def test_requests_are_counted_and_timed_by_face_route_method_and_status() -> None:
    metrics = Metrics()
    room = {"face": "commonshub", "route": "/v1/rooms/{id}", "method": "GET"}
    for status, seconds in ((200, 0.004), (200, 0.3), (404, 0.0005)):
        metrics.request_begins()
        metrics.request_ends(**room, status=status, seconds=seconds)
    assert value(metrics, "guildhall_requests_total", **room, status="200") == 2
    assert value(metrics, "guildhall_requests_total", **room, status="404") == 1
    assert value(metrics, "guildhall_request_seconds_count", **room) == 3
    assert value(metrics, "guildhall_request_seconds_bucket", **room, le="0.005") == 2
    assert value(metrics, "guildhall_request_seconds_bucket", **room, le="0.5") == 3


def test_methods_that_nobody_knows_share_one_series() -> None:
    metrics = Metrics()
    for method in ("BREW", "PROPFIND", "x" * 1000):
        metrics.request_begins()
        metrics.request_ends(face="panel", route="unknown", method=method, status=405, seconds=0.001)
    labels = {"face": "panel", "route": "unknown", "status": "405"}
    assert value(metrics, "guildhall_requests_total", method="other", **labels) == 3
    assert len(metrics._request_series) == 1


def test_requests_in_flight_go_up_and_down() -> None:
    metrics = Metrics()
    metrics.request_begins()
    metrics.request_begins()
    assert value(metrics, "guildhall_requests_in_flight") == 2
    metrics.request_ends(face="panel", route="/panel", method="GET", status=200, seconds=0.1)
    assert value(metrics, "guildhall_requests_in_flight") == 1


def test_statements_jobs_subscribers_and_the_process_are_shown() -> None:
    metrics = Metrics()
    metrics.statement("read", 0.0002)
    metrics.statement("read", 0.02)
    assert value(metrics, "guildhall_statement_seconds_count", kind="read") == 2
    assert value(metrics, "guildhall_statement_seconds_bucket", kind="read", le="0.00025") == 1
    metrics.jobs({"waiting": 3, "running": 1})
    metrics.jobs({"waiting": 2})
    assert value(metrics, "guildhall_jobs", state="waiting") == 2
    assert value(metrics, "guildhall_jobs", state="running") is None
    listeners = ["one"]
    metrics.watch_subscribers(lambda: len(listeners))
    listeners.append("two")
    assert value(metrics, "guildhall_event_subscribers") == 2
    assert (value(metrics, "process_resident_memory_bytes") or 0) > 0
    assert b"_created" not in metrics.render()


def test_applications_do_not_share_their_counts() -> None:
    one, other = Metrics(), Metrics()
    one.request_begins()
    assert value(one, "guildhall_requests_in_flight") == 1
    assert value(other, "guildhall_requests_in_flight") == 0
