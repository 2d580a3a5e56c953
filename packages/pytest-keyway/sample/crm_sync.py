"""A customer sync as many teams have it: an ERP's customers become contacts and companies, and won orders become deals.

It knows HubSpot's official client and nothing of Keyway.
"""

import json
import time

from hubspot.crm import companies, contacts, deals
from hubspot.utils.signature import Signature

BATCH = 100


class Sync:
    def __init__(self, client, sleep=time.sleep):
        self.client = client
        self.sleep = sleep

    def _repeated(self, call, *arguments, **options):
        """Repeats a call that HubSpot's rate limit or a failure of its servers refused, up to three times."""
        for attempt in range(4):
            try:
                return call(*arguments, **options)
            except Exception as error:
                status = getattr(error, "status", None)
                if status not in (429, 502, 503, 504) or attempt == 3:
                    raise
                self.sleep(float((error.headers or {}).get("Retry-After") or 2**attempt))

    def contact(self, email, **properties):
        """Creates a contact, or changes the one with this e-mail. Answers its id."""
        api = self.client.crm.contacts.basic_api
        given = {"email": email, **properties}
        try:
            body = contacts.SimplePublicObjectInputForCreate(properties=given, associations=[])
            return self._repeated(api.create, body).id
        except contacts.ApiException as error:
            if error.status != 409:
                raise
        body = contacts.SimplePublicObjectInput(properties=properties)
        return self._repeated(api.update, email, body, id_property="email").id

    def customers(self, rows):
        """Upserts customers in batches. Answers (how many are written, the messages of those that are not)."""
        written, refused = 0, []
        for start in range(0, len(rows), BATCH):
            inputs = [
                contacts.SimplePublicObjectBatchInputUpsert(id=row["email"], id_property="email", properties=row) for row in rows[start : start + BATCH]
            ]
            answer = self._repeated(self.client.crm.contacts.batch_api.upsert, contacts.BatchInputSimplePublicObjectBatchInputUpsert(inputs=inputs))
            written += len(answer.results)
            refused += [error.message for error in getattr(answer, "errors", None) or []]
        return written, refused

    def company(self, domain, name):
        """The id of the company with this domain, which is created where there is none."""
        query = companies.Filter(property_name="domain", operator="EQ", value=domain)
        search = companies.PublicObjectSearchRequest(filter_groups=[companies.FilterGroup(filters=[query])], properties=["name"], limit=1, sorts=[], after="0")
        found = self._repeated(self.client.crm.companies.search_api.do_search, search).results
        if found:
            return found[0].id
        body = companies.SimplePublicObjectInputForCreate(properties={"domain": domain, "name": name}, associations=[])
        return self._repeated(self.client.crm.companies.basic_api.create, body).id

    def employ(self, contact_id, company_id):
        self._repeated(self.client.crm.associations.v4.basic_api.create_default, "contacts", contact_id, "companies", company_id)

    def employees(self, company_id):
        page = self.client.crm.associations.v4.basic_api.get_page("companies", company_id, "contacts")
        return sorted(str(one.to_object_id) for one in page.results)

    def win(self, order, amount):
        """Books a won order as a deal."""
        properties = {"dealname": f"Order {order}", "amount": str(amount), "pipeline": "default", "dealstage": "closedwon"}
        body = deals.SimplePublicObjectInputForCreate(properties=properties, associations=[])
        return self._repeated(self.client.crm.deals.basic_api.create, body).id

    def emails(self, page_size=100):
        """The e-mail of every contact, page by page."""
        found, after = [], None
        while True:
            page = self._repeated(self.client.crm.contacts.basic_api.get_page, limit=page_size, after=after, properties=["email"])
            found += [one.properties["email"] for one in page.results]
            if not page.paging:
                return found
            after = page.paging.next.after

    def forget(self, email):
        """Archives a contact. One that is not there counts as done."""
        try:
            found = self.client.crm.contacts.basic_api.get_by_id(email, id_property="email")
        except contacts.ApiException as error:
            if error.status == 404:
                return False
            raise
        self._repeated(self.client.crm.contacts.basic_api.archive, found.id)
        return True


def events(secret, url, headers, body):
    """The events of a webhook, when its signature is right."""
    sent = {name.lower(): value for name, value in headers.items()}
    if not Signature.is_valid(sent["x-hubspot-signature-v3"], secret, body, url, "POST", "v3", sent["x-hubspot-request-timestamp"]):
        raise PermissionError("the signature is not HubSpot's")
    return json.loads(body)
