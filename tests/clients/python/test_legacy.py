"""hubspot3, over the legacy layer: only the host and the token are set."""

import unittest

from hubspot3 import Hubspot3
from hubspot3.error import HubspotNotFound
from keyway import SCOPES, Keyway


class LegacyReads(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.keyway = Keyway()
        account = cls.keyway.account("hubspot3")
        cls.ids = cls.keyway.seed(account, "minimal")
        cls.keyway.seed(account, "activities")
        _, token = cls.keyway.app(account, "Old code", [*SCOPES, "crm.lists.read"])
        cls.client = Hubspot3(access_token=token, api_base=cls.keyway.url)

    @classmethod
    def tearDownClass(cls):
        cls.keyway.stop()

    def test_contacts(self):
        everybody = self.client.contacts.get_all(extra_properties=["email"])
        self.assertEqual({one["email"] for one in everybody}, {"ada@acme.example.com", "ben@acme.example.com"})
        ada = self.client.contacts.get_by_email("ada@acme.example.com")
        self.assertEqual(str(ada["vid"]), self.ids["contacts/ada"])
        self.assertEqual(self.client.contacts.get_by_id(ada["vid"])["properties"]["firstname"]["value"], "Ada")
        self.assertEqual(len(self.client.contacts.get_recently_modified(limit=2)), 2)
        with self.assertRaises(HubspotNotFound):
            self.client.contacts.get_by_id("1")

    def test_companies(self):
        self.assertEqual({one["name"] for one in self.client.companies.get_all()}, {"Acme"})
        self.assertEqual(len(self.client.companies.search_domain("acme.example.com", limit=5)["results"]), 2)
        at_acme = self.client.companies.get_contacts_at_a_company(self.ids["companies/acme"])
        self.assertEqual([str(one["vid"]) for one in at_acme["contacts"]], [self.ids["contacts/ada"]])

    def test_deals(self):
        self.assertEqual([one["dealname"] for one in self.client.deals.get_all()], ["Acme renewal"])
        deal = self.client.deals.get(self.ids["deals/renewal"])
        self.assertEqual(deal["associations"]["associatedVids"], [int(self.ids["contacts/ada"])])

    def test_engagements(self):
        types = sorted(one["engagement"]["type"] for one in self.client.engagements.get_all())
        self.assertEqual(types, ["CALL", "EMAIL", "MEETING", "NOTE", "TASK"])

    def test_owners_and_properties(self):
        self.assertEqual(len(self.client.owners.get_owners()), 3)
        self.assertIn("email", [one["name"] for one in self.client.properties.get_all("contacts")])


if __name__ == "__main__":
    unittest.main()
