import pytest
from crm_sync import Sync
from hubspot.crm import contacts


@pytest.fixture
def waits():
    return []


@pytest.fixture
def sync(hubspot, waits):
    return Sync(hubspot.client, sleep=waits.append)


def test_a_new_customer_becomes_a_contact(hubspot, sync):
    sync.contact("new@example.com", firstname="Nell")
    [request] = hubspot.assert_called("POST", "/crm/*/contacts", times=1, status=201)
    assert request.body["properties"] == {"email": "new@example.com", "firstname": "Nell"}


def test_a_known_customer_is_changed_and_not_created_again(hubspot, sync):
    made = sync.contact("ada@acme.example.com", city="Porto")
    assert hubspot.client.crm.contacts.basic_api.get_by_id(made, properties=["city"]).properties["city"] == "Porto"
    hubspot.assert_called("POST", times=1, status=409)
    hubspot.assert_called("PATCH", times=1, body={"properties": {"city": "Porto"}})


def test_every_test_starts_with_the_same_records(sync):
    assert sync.emails() == ["ada@acme.example.com"]


def test_ids_are_the_same_at_every_start(sync):
    assert sync.contact("ada@acme.example.com", city="Faro") == "101"


def test_an_invalid_email_is_refused_as_on_hubspot(sync):
    with pytest.raises(contacts.ApiException) as refused:
        sync.contact("not an address")
    assert refused.value.status == 400
    assert "INVALID_EMAIL" in refused.value.body


def test_an_unknown_property_is_refused_as_on_hubspot(sync):
    with pytest.raises(contacts.ApiException) as refused:
        sync.contact("new@example.com", shoe_size="42")
    assert "PROPERTY_DOESNT_EXIST" in refused.value.body


def test_a_batch_of_customers_is_one_request(hubspot, sync):
    rows = [{"email": f"customer{at}@example.com"} for at in range(100)]
    assert sync.customers(rows) == (100, [])
    hubspot.assert_called("POST", "/crm/*/contacts/batch/upsert", times=1)


def test_more_customers_than_a_batch_holds_are_several_requests(hubspot, sync):
    sync.customers([{"email": f"customer{at}@example.com"} for at in range(230)])
    assert len(sync.emails()) == 231
    hubspot.assert_called("POST", "/crm/*/batch/upsert", times=3)


def test_an_upsert_changes_those_that_are_there(sync, hubspot):
    sync.customers([{"email": "ada@acme.example.com", "city": "Lisbon"}, {"email": "new@example.com", "city": "Braga"}])
    assert sorted(sync.emails()) == ["ada@acme.example.com", "new@example.com"]


def test_all_pages_are_read(hubspot, sync):
    assert len(hubspot.make("contacts", 25, {"email": "p{n}@{company.domain}"}, associate="companies")) == 25
    assert "p25@acme.example.com" in sync.emails(page_size=10)
    hubspot.assert_called("GET", "/crm/*/contacts", times=3)
    hubspot.assert_called("GET", query="limit=10", times=3)
    hubspot.assert_called("GET", query={"limit": 10}, times=3)
    with pytest.raises(TypeError, match="query is list"):
        hubspot.assert_called("GET", query=["limit=10"])


def test_a_forgotten_customer_is_archived(hubspot, sync):
    assert sync.forget("ada@acme.example.com")
    assert sync.emails() == []
    hubspot.assert_called("DELETE", times=1, status=204)
    archived = [one for one in hubspot.diff(only="records") if "archived" in one["fields"]]
    assert [(one["type"], one["name"]) for one in archived] == [("contacts", "101")]


def test_forgetting_somebody_unknown_writes_nothing(hubspot, sync):
    assert not sync.forget("nobody@example.com")
    hubspot.assert_not_called("DELETE")


def test_a_rate_limit_is_waited_for(hubspot, sync, waits):
    hubspot.fault(429, times=2)
    sync.contact("new@example.com")
    assert len(waits) == 2
    hubspot.assert_called("POST", times=3)


def test_servers_that_fail_for_good_are_given_up(hubspot, sync, waits):
    hubspot.fault(503, path="/crm/*")
    with pytest.raises(contacts.ApiException):
        sync.contact("new@example.com")
    assert len(waits) == 3


def test_a_fault_of_the_test_before_is_gone(sync, waits):
    sync.contact("new@example.com")
    assert waits == []


def test_the_time_that_hubspot_asks_for_is_waited(hubspot, sync, waits):
    hubspot.fault(503, times=1, retry_after=7)
    sync.contact("new@example.com")
    assert waits == [7]
