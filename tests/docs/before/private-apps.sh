keyway serve --demo --demo-days 0
