keyway serve --demo
