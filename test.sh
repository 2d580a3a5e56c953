#!/usr/bin/env bash
# Everything that shows that Keyway works, on a machine with git, a Rust toolchain and Debian's
# package manager. Installs what is missing, runs every part even when one fails, and ends with a
# line that sums up. The long crash test is a command of its own: tests/crash/soak.sh
set -u
cd "$(dirname "$0")" || exit 2
passed=0
failed=0

part() { # part NAME COMMAND…: runs one part and counts it
  local name=$1
  shift
  printf '\n== %s\n' "$name"
  if "$@"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    printf '== %s FAILED\n' "$name"
  fi
}

need() { # need COMMAND PACKAGE…: installs Debian packages when the command is missing
  command -v "$1" >/dev/null && return
  shift
  local become=()
  [ "$(id -u)" = 0 ] || become=(sudo)
  "${become[@]}" apt-get update -qq && "${become[@]}" apt-get install -y -qq "$@" >/dev/null
}

workspace_tests() {
  if cargo nextest --version >/dev/null 2>&1; then
    cargo nextest run --workspace --no-fail-fast --status-level fail && cargo test --workspace --doc --quiet
  else
    cargo test --workspace --no-fail-fast --quiet
  fi
}

node_client() {
  (cd tests/clients/node && npm install --no-package-lock --no-audit --no-fund --silent && node --test)
}

pages_in_a_browser() {
  (cd tests/browser && npm install --no-package-lock --no-audit --no-fund --silent && node --test --test-concurrency=2)
}

python_client() {
  local venv=target/python-client tap
  [ -x $venv/bin/python ] || python3 -m venv $venv || return 1
  $venv/bin/pip install --quiet --disable-pip-version-check hubspot-api-client==12.0.0 hubspot-sdk==0.1.0a9 authlib==1.9.10 requests-oauthlib==2.0.0 hubspot3==3.2.56 || return 1
  # Programs with dependencies of their own, which do not agree with each other's.
  for tap in tap-hubspot==4.5.0 meltano-tap-hubspot==0.10.1; do
    venv=target/${tap%%==*}
    [ -x "$venv/bin/python" ] || python3 -m venv "$venv" || return 1
    "$venv/bin/pip" install --quiet --disable-pip-version-check "$tap" || return 1
  done
  venv=target/python-client
  $venv/bin/python -m unittest discover -s tests/clients/python
}

sdk_suite() { # the tests that ship with hubspot-sdk, against an embedded account
  local venv=target/sdk-suite
  [ -x $venv/bin/python ] || python3 -m venv $venv || return 1
  $venv/bin/pip install --quiet --disable-pip-version-check hubspot-sdk==0.1.0a9 pytest pytest-asyncio respx || return 1
  $venv/bin/python tests/portal/sdk_suite.py --at-least 3600
}

planted_corpus() { # what the scanner finds in a corpus whose every credential and call is known
  local seed
  python3 tests/scan/check_tables.py data || return 1
  for seed in 1 2; do
    python3 tests/scan/generate.py target/planted --seed $seed >/dev/null || return 1
    "$KEYWAY_BIN" scan --json --output target/planted/report.json target/planted/tree
    [ $? -le 1 ] && python3 tests/scan/measure.py target/planted target/planted/report.json || return 1
  done
}

on_postgresql() { # the same tests as on SQLite, and those of several instances
  local run=(cargo test --package keyway-gateway --lib --quiet -- audit:: control::)
  if cargo nextest --version >/dev/null 2>&1; then
    run=(cargo nextest run --package keyway-gateway --lib --no-fail-fast --status-level fail audit:: control::)
  fi
  python3 tests/postgres.py "${run[@]}"
}

recipes() { # those of docs/testing.md, as they stand there
  local venv=target/recipes
  [ -x $venv/bin/python ] || python3 -m venv $venv || return 1
  $venv/bin/pip install --quiet --disable-pip-version-check pytest || return 1
  $venv/bin/python tests/recipes.py
}

read_by_others() { # what is read back with the libraries of those it is for
  local venv=target/deliveries
  [ -x $venv/bin/python ] || python3 -m venv $venv || return 1
  $venv/bin/pip install --quiet --disable-pip-version-check pynacl 'moto[secretsmanager,server]' pyarrow opentelemetry-proto || return 1
  $venv/bin/python tests/deliver.py && $venv/bin/python tests/parquet.py && $venv/bin/python tests/otlp.py
}

admin_api() { # the admin API against its own document
  local venv=target/schemathesis
  [ -x $venv/bin/python ] || python3 -m venv $venv || return 1
  $venv/bin/pip install --quiet --disable-pip-version-check schemathesis==4.32.5 || return 1
  $venv/bin/python tests/admin_api.py
}

fixed_integrations() { # small programs on ways in that have ended: refused, planned, fixed, running again
  FIX_PYTHON=$PWD/target/python-client/bin/python python3 tests/fix/run.py
}

guides() { # the migration guides of docs/, line by line
  FIX_PYTHON=$PWD/target/python-client/bin/python python3 tests/fix/guides.py
}

project_files() { # what `keyway plan --project` writes, read by HubSpot's own parser
  (cd tests/fix/project && npm install --no-package-lock --no-audit --no-fund --silent && node --test check.mjs)
}

on_redis() { # the line that instances share, and its script
  python3 tests/redis_server.py cargo test --package keyway-gateway --lib --quiet -- limiter::
}

need cc build-essential
need node nodejs
need npm npm
need chromium chromium
need python3 python3
need php php-cli php-curl
need ruby ruby
need redis-server redis-server
need nginx nginx-light
need openssl openssl
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || need initdb postgresql
python3 -c 'import ensurepip, venv' 2>/dev/null || need python3-venv python3-venv

part 'formatting' cargo fmt --all --check
part 'lints' cargo clippy --workspace --all-targets --quiet -- -D warnings
part 'build' cargo build --quiet --package keyway
export KEYWAY_BIN=$PWD/target/debug/keyway
export KEYWAY_TESTED=$PWD/target/tested
rm -rf "$KEYWAY_TESTED" && mkdir -p "$KEYWAY_TESTED"
part 'tests of the workspace' workspace_tests
part 'clients for Node, and pages in a browser' node_client
part 'the console in a browser' pages_in_a_browser
part 'clients for Python' python_client
part 'the tests that ship with hubspot-sdk' sdk_suite
part 'what is listed as tested is' python3 tests/coverage.py
KEYWAY_GATEWAY=1 part 'clients for Node, and pages in a browser, through a gateway' node_client
KEYWAY_GATEWAY=1 part 'clients for Python, through a gateway' python_client
part 'the planted corpus' planted_corpus
part 'reports of the scanner' python3 tests/scan/reports.py target/reports-check
part 'recipes for test suites' recipes
part 'project files, read by HubSpot'\''s parser' project_files
part 'twelve integrations, fixed' fixed_integrations
part 'migration guides, line by line' guides
part 'bad input' python3 tests/bad_input.py
part 'planted secrets' python3 tests/planted_secrets.py
part 'the admin API against its document' admin_api
part 'signing in at an identity provider' python3 tests/oidc.py
part 'clients that hang up' python3 tests/hang_up.py
part 'deliveries of new tokens, the audit as Parquet and OpenTelemetry' read_by_others
part 'HubSpot behind TLS' python3 tests/tls_upstream.py
part 'the store and the audit on PostgreSQL' on_postgresql
part 'the line of several instances on Redis' on_redis
part 'three instances on one PostgreSQL and one Redis, one of them killed, Redis restarted' python3 tests/instances.py --seconds 30
part 'three instances without Redis' python3 tests/instances.py --seconds 20 --without-redis
part 'a thousand accounts connected by OAuth on two instances, one killed in the middle' python3 tests/load/refresh.py --accounts 1000 --hot 50 --seconds 45 --instances 2
part 'killed at a random moment, three times' python3 tests/crash/crash.py --kills 3 --seconds 3
if cargo deny --version >/dev/null 2>&1; then
  part 'licences' cargo deny --all-features check licenses bans sources
fi

printf '\n%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
