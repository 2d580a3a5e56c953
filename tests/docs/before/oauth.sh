keyway serve --demo --demo-days 0
export TOKEN=
