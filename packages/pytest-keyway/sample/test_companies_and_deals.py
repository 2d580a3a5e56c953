import http.server
import queue
import threading
from datetime import datetime, timedelta, timezone

import pytest
from crm_sync import Sync, events
from hubspot.crm import contacts


@pytest.fixture
def sync(hubspot):
    return Sync(hubspot.client, sleep=lambda seconds: None)


@pytest.fixture
def receiver():
    """The team's own endpoint for webhooks."""
    got = queue.Queue()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            self.send_response(204)
            self.end_headers()
            got.put((f"http://{self.headers['host']}{self.path}", dict(self.headers), body))

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    server.got, server.url = got, f"http://127.0.0.1:{server.server_port}/hooks"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_company_is_found_by_its_domain(hubspot, sync):
    assert sync.company("acme.example.com", "Acme") == "101"
    hubspot.assert_called("POST", "/crm/*/companies/search", times=1)
    hubspot.assert_not_called("POST", "/crm/*/companies")


def test_an_unknown_company_is_created(hubspot, sync):
    made = sync.company("new.example.com", "New")
    assert hubspot.client.crm.companies.basic_api.get_by_id(made).properties["name"] == "New"


def test_a_contact_works_for_a_company(hubspot, sync):
    ids = hubspot.seed({"records": {"contacts": [{"key": "bo", "properties": {"email": "bo@example.com"}}], "companies": [{"key": "bee", "properties": {"name": "Bee"}}]}})
    sync.employ(ids["contacts/bo"], ids["companies/bee"])
    assert sync.employees(ids["companies/bee"]) == [ids["contacts/bo"]]


def test_a_won_order_is_a_closed_deal(hubspot, sync):
    made = sync.win("A-7", 1200)
    deal = hubspot.client.crm.deals.basic_api.get_by_id(made, properties=["dealstage", "amount"])
    assert (deal.properties["dealstage"], deal.properties["amount"]) == ("closedwon", "1200")
    hubspot.assert_called("POST", "/crm/*/deals", times=1, body={"properties": {"dealname": "Order A-7"}})


def test_a_response_that_is_lost_was_performed(hubspot, sync):
    hubspot.fault(cut="after", method="POST", times=1)
    with pytest.raises(Exception):
        Sync(hubspot.client_with(hubspot.token, retry=False)).contact("new@example.com")
    assert "new@example.com" in sync.emails()


def test_a_token_without_the_scope_is_refused(hubspot):
    reader = hubspot.app("Reader", scopes=["crm.objects.contacts.read"])
    with pytest.raises(contacts.ApiException) as refused:
        Sync(hubspot.client_with(reader.token)).contact("new@example.com")
    assert refused.value.status == 403
    assert "crm.objects.contacts.write" in refused.value.body
    hubspot.assert_called(app="Reader", status=403, times=1)


def test_the_name_of_an_app_is_free_again_in_the_next_test(hubspot):
    reader = hubspot.app("Reader", scopes=["crm.objects.contacts.read"])
    assert Sync(hubspot.client_with(reader.token)).emails() == ["ada@acme.example.com"]


def test_records_have_the_time_of_the_account(hubspot, sync):
    hubspot.clock.freeze("2027-01-31T09:00:00Z")
    made = hubspot.client.crm.contacts.basic_api.get_by_id(sync.contact("new@example.com"))
    assert made.created_at == datetime(2027, 1, 31, 9, tzinfo=timezone.utc)
    hubspot.clock.advance(timedelta(days=1))
    assert hubspot.clock.now == datetime(2027, 2, 1, 9, tzinfo=timezone.utc)


def test_a_test_starts_at_the_real_time(hubspot):
    assert not hubspot.clock.frozen
    assert abs(hubspot.clock.now - datetime.now(timezone.utc)) < timedelta(minutes=5)


def test_a_webhook_has_a_right_signature(hubspot, sync, receiver):
    hubspot.webhooks.send(receiver.url, "contact.creation")
    made = sync.contact("new@example.com")
    hubspot.webhooks.assert_delivered("contact.creation", times=1)
    [event] = events(hubspot.webhooks.secret, *receiver.got.get(timeout=10))
    assert (event["subscriptionType"], str(event["objectId"])) == ("contact.creation", made)


def test_a_webhook_of_somebody_else_is_refused(hubspot, sync, receiver):
    hubspot.webhooks.send(receiver.url, "contact.propertyChange:city")
    sync.contact("ada@acme.example.com", city="Porto")
    url, headers, body = receiver.got.get(timeout=10)
    with pytest.raises(PermissionError):
        events("another secret", url, headers, body)


@pytest.mark.hubspot(seed={"records": {"contacts": [{"properties": {"email": "marked@example.com"}}]}})
def test_a_mark_adds_records_to_one_test(sync):
    assert sync.emails() == ["ada@acme.example.com", "marked@example.com"]
