from crm_sync import Sync
from pytest_keyway.unittest import HubSpotTestCase


class Customers(HubSpotTestCase):
    seed = {"records": {"contacts": [{"properties": {"email": "una@example.com"}}]}}

    def setUp(self):
        super().setUp()
        self.sync = Sync(self.hubspot.client, sleep=lambda seconds: None)

    def test_a_customer_is_added(self):
        self.sync.contact("new@example.com")
        self.assertEqual(self.sync.emails(), ["una@example.com", "new@example.com"])

    def test_the_customer_of_the_other_test_is_not_there(self):
        self.assertEqual(self.sync.emails(), ["una@example.com"])
