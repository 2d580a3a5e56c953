keyway serve --demo
export TOKEN=
