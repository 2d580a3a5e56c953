"""The official HubSpot client for Python, unmodified: only host and token are set."""

import json
import unittest
from concurrent.futures import ThreadPoolExecutor

import hubspot
from hubspot.crm import companies, contacts
from hubspot.crm.associations.v4 import AssociationSpec
from urllib3.util.retry import Retry

from keyway import Keyway, SCOPES

BIG = ["--tier", "enterprise", "--addons", "2"]


def setUpModule():
    global keyway
    keyway = Keyway(None, "--demo")


def tearDownModule():
    keyway.stop()


def client(token, retries=0):
    # What HubSpot's guide recommends against its limits: repeat after 429, a little later each time.
    retry = Retry(total=retries, status_forcelist=(429,), backoff_factor=0.3, allowed_methods=None) if retries else False
    # `host` is for the typed calls; `api_request` has a base URL of its own and would go to HubSpot without it.
    return hubspot.HubSpot(access_token=token, host=keyway.url, base_url=keyway.url, retry=retry)


def fresh(name, *settings, retries=0):
    account = keyway.account(f"python {name}", *(settings or BIG))
    app, token = keyway.app(account, name)
    return account, app, token, client(token, retries)


def contact(**properties):
    return contacts.SimplePublicObjectInputForCreate(properties=properties, associations=[])


class Records(unittest.TestCase):
    def test_a_record_is_created_read_updated_and_archived(self):
        api = fresh("life of a record")[3].crm.contacts.basic_api
        made = api.create(contact(email="ada@example.com", firstname="Ada"))
        self.assertEqual(api.get_by_id(made.id, properties=["email"]).properties["email"], "ada@example.com")
        self.assertEqual(api.get_by_id("ada@example.com", id_property="email").id, made.id)
        updated = api.update(made.id, contacts.SimplePublicObjectInput(properties={"firstname": "Augusta"}))
        self.assertEqual(updated.properties["firstname"], "Augusta")
        api.archive(made.id)
        with self.assertRaises(contacts.ApiException) as refused:
            api.get_by_id(made.id)
        self.assertEqual(refused.exception.status, 404)
        self.assertTrue(api.get_by_id(made.id, archived=True).archived)

    def test_250_contacts_are_paged_through(self):
        api = fresh("paging")[3].crm.contacts
        emails = [f"person{at}@example.com" for at in range(250)]
        for start in range(0, 250, 100):
            inputs = [contacts.SimplePublicObjectBatchInputForCreate(properties={"email": email}, associations=[]) for email in emails[start : start + 100]]
            api.batch_api.create(contacts.BatchInputSimplePublicObjectBatchInputForCreate(inputs=inputs))
        seen, after, pages = [], None, 0
        while True:
            page = api.basic_api.get_page(limit=100, after=after, properties=["email"])
            seen += [one.properties["email"] for one in page.results]
            pages += 1
            if not page.paging:
                break
            after = page.paging.next.after
        self.assertEqual((pages, sorted(seen)), (3, sorted(emails)))
        self.assertEqual(len(api.get_all(properties=["email"])), 250)

    def test_batches_of_a_hundred(self):
        api = fresh("batches")[3].crm.companies
        inputs = [companies.SimplePublicObjectBatchInputForCreate(properties={"name": f"Company {at}"}, associations=[]) for at in range(100)]
        made = api.batch_api.create(companies.BatchInputSimplePublicObjectBatchInputForCreate(inputs=inputs))
        ids = [companies.SimplePublicObjectId(id=one.id) for one in made.results]
        read = api.batch_api.read(companies.BatchReadInputSimplePublicObjectId(inputs=ids, properties=["name"], properties_with_history=[]))
        self.assertEqual(len({one.properties["name"] for one in read.results}), 100)
        changes = [companies.SimplePublicObjectBatchInput(id=one.id, properties={"city": "Paris"}) for one in ids]
        updated = api.batch_api.update(companies.BatchInputSimplePublicObjectBatchInput(inputs=changes))
        self.assertEqual([one.properties["city"] for one in updated.results], ["Paris"] * 100)
        api.batch_api.archive(companies.BatchInputSimplePublicObjectId(inputs=ids))
        self.assertEqual(api.basic_api.get_page().results, [])
        with self.assertRaises(companies.ApiException) as refused:
            api.batch_api.create(companies.BatchInputSimplePublicObjectBatchInputForCreate(inputs=[*inputs, inputs[0]]))
        self.assertEqual(refused.exception.status, 400)

    def test_every_search_operator(self):
        api = fresh("search", retries=8)[3].crm.contacts
        people = [
            dict(email="a@example.com", firstname="Ann", lastname="Archer", lifecyclestage="lead", phone="1", createdate="2026-01-01T00:00:00Z"),
            dict(email="b@example.com", firstname="Bob", lastname="Baker", lifecyclestage="customer"),
            dict(email="c@sample.org", firstname="Cleo", lastname="Archer Smith", lifecyclestage="lead"),
        ]
        for person in people:
            person.pop("createdate", None)
            api.basic_api.create(contact(**person))
        ids = sorted(int(one.id) for one in api.basic_api.get_page().results)

        def find(name, operator, **operand):
            spec = dict(property_name=name, operator=operator, **operand)
            group = contacts.FilterGroup(filters=[contacts.Filter(**spec)])
            request = contacts.PublicObjectSearchRequest(filter_groups=[group], properties=["firstname"], limit=100, sorts=["firstname"], after="0")
            return "".join(one.properties["firstname"][0] for one in api.search_api.do_search(request).results)

        middle = str(ids[1])
        cases = [
            ("AC", find("lifecyclestage", "EQ", value="lead")),
            ("BC", find("firstname", "NEQ", value="Ann")),
            ("A", find("hs_object_id", "LT", value=middle)),
            ("AB", find("hs_object_id", "LTE", value=middle)),
            ("C", find("hs_object_id", "GT", value=middle)),
            ("BC", find("hs_object_id", "GTE", value=middle)),
            ("BC", find("hs_object_id", "BETWEEN", value=middle, high_value=str(ids[2]))),
            ("AB", find("email", "IN", values=["a@example.com", "b@example.com"])),
            ("C", find("email", "NOT_IN", values=["a@example.com", "b@example.com"])),
            ("A", find("phone", "HAS_PROPERTY")),
            ("BC", find("phone", "NOT_HAS_PROPERTY")),
            ("AC", find("lastname", "CONTAINS_TOKEN", value="archer")),
            ("B", find("lastname", "NOT_CONTAINS_TOKEN", value="archer")),
        ]
        for expected, found in cases:
            with self.subTest(expected):
                self.assertEqual(found, expected)

    def test_records_are_associated_and_parted(self):
        crm = fresh("associations")[3].crm
        person = crm.contacts.basic_api.create(contact(email="x@example.com"))
        company = crm.companies.basic_api.create(companies.SimplePublicObjectInputForCreate(properties={"name": "X"}, associations=[]))
        v4 = crm.associations.v4.basic_api
        v4.create_default("contacts", person.id, "companies", company.id)
        self.assertEqual(str(v4.get_page("companies", company.id, "contacts").results[0].to_object_id), person.id)
        v4.create("contacts", person.id, "companies", company.id, [AssociationSpec(association_category="HUBSPOT_DEFINED", association_type_id=1)])
        types = v4.get_page("contacts", person.id, "companies").results[0].association_types
        self.assertIn((1, "Primary"), [(one.type_id, one.label) for one in types])
        v4.archive("contacts", person.id, "companies", company.id)
        self.assertEqual(v4.get_page("contacts", person.id, "companies").results, [])

    def test_owners(self):
        account = keyway.run("account", "list")["accounts"][0]["hubId"]
        api = client(keyway.app(account, "python owners")[1]).crm.owners.owners_api
        owners = api.get_page().results
        self.assertGreater(len(owners), 1)
        first = api.get_page(limit=1)
        second = api.get_page(limit=1, after=first.paging.next.after)
        self.assertEqual([first.results[0].id, second.results[0].id], [one.id for one in owners[:2]])
        self.assertEqual(api.get_by_id(int(owners[0].id)).email, owners[0].email)


    def test_one_record_is_the_same_on_every_version_of_the_path(self):
        hub = fresh("versions")[3]
        made = hub.crm.contacts.basic_api.create(contact(email="v@example.com"))
        for path in ("/crm/v3/objects/contacts", "/crm/objects/2025-09/contacts", "/crm/objects/2026-03/contacts", "/crm/objects/2026-09/contacts"):
            with self.subTest(path):
                response = hub.api_request({"path": f"{path}/{made.id}"})
                self.assertEqual(response.status_code, 200, response.text)
                self.assertEqual(response.json()["properties"]["email"], "v@example.com")

    def test_a_token_says_what_it_is_and_the_account_who_it_is(self):
        account, app, token, hub = fresh("introspection")
        info = hub.api_request({"method": "POST", "path": "/oauth/v2/private-apps/get/access-token-info", "body": {"tokenKey": token}}).json()
        self.assertEqual((info["hubId"], info["appId"]), (account, app))
        self.assertIn("crm.objects.contacts.read", info["scopes"])
        self.assertEqual(hub.api_request({"path": "/account-info/v3/details"}).json()["portalId"], account)


class Errors(unittest.TestCase):
    def refused(self, status, call, *arguments, **named):
        with self.assertRaises(contacts.ApiException) as caught:
            call(*arguments, **named)
        self.assertEqual(caught.exception.status, status, caught.exception.body)
        body = json.loads(caught.exception.body)
        self.assertEqual(body["status"], "error")
        self.assertEqual(len(body["correlationId"]), 36)
        return body

    def test_401(self):
        account, app, token, hub = fresh("401")
        hub.crm.contacts.basic_api.get_page()
        self.assertEqual(self.refused(401, client(None).crm.contacts.basic_api.get_page)["category"], "INVALID_AUTHENTICATION")
        self.assertEqual(self.refused(401, client("nonsense").crm.contacts.basic_api.get_page)["category"], "EXPIRED_AUTHENTICATION")
        unknown = token[:-1] + ("1" if token.endswith("0") else "0")
        self.assertEqual(self.refused(401, client(unknown).crm.contacts.basic_api.get_page)["category"], "INVALID_AUTHENTICATION")
        following = keyway.run("token", "rotate", str(app), "--now")["token"]
        self.assertEqual(self.refused(401, hub.crm.contacts.basic_api.get_page)["category"], "INVALID_AUTHENTICATION")
        rotated = client(following["value"]).crm.contacts.basic_api
        rotated.get_page()
        keyway.run("token", "revoke", str(following["id"]), "--yes")
        self.assertEqual(self.refused(401, rotated.get_page)["category"], "INVALID_AUTHENTICATION")

    def test_403(self):
        account = keyway.account("python 403")
        api = client(keyway.app(account, "403", ["crm.objects.contacts.read"])[1]).crm.contacts.basic_api
        body = self.refused(403, api.create, contact(email="n@example.com"))
        self.assertEqual(body["category"], "MISSING_SCOPES")
        self.assertEqual(body["errors"][0]["context"]["requiredGranularScopes"], ["crm.objects.contacts.write"])

    def test_404_and_409(self):
        api = fresh("404")[3].crm.contacts.basic_api
        self.refused(404, api.get_by_id, "123456789")
        made = api.create(contact(email="twice@example.com"))
        body = self.refused(409, api.create, contact(email="twice@example.com"))
        self.assertEqual((body["category"], body["message"]), ("CONFLICT", f"Contact already exists. Existing ID: {made.id}"))

    def test_429(self):
        api = fresh("429", "--tier", "free")[3].crm.contacts.basic_api
        for _ in range(100):
            api.get_page(limit=1)
        self.assertEqual(self.refused(429, api.get_page, limit=1)["policyName"], "TEN_SECONDLY_ROLLING")

    def test_429_of_searches(self):
        api = fresh("search 429")[3].crm.contacts.search_api
        request = contacts.PublicObjectSearchRequest(filter_groups=[], properties=[], limit=1, sorts=[], after="0")

        def policy(_):
            try:
                api.do_search(request)
            except contacts.ApiException as error:
                return error.status, json.loads(error.body)["policyName"]

        # All at once: one after the other they might not come within one second.
        with ThreadPoolExecutor(20) as pool:
            refused = [one for one in pool.map(policy, range(30)) if one]
        self.assertTrue(refused)
        self.assertEqual(set(refused), {(429, "SECONDLY")})


if __name__ == "__main__":
    unittest.main()
