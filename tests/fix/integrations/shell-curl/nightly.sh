#!/bin/sh
# Asks how many deals there are, every night.
set -eu
HAPIKEY="{{key}}"

answer=$(curl --silent --fail --max-time 10 "https://api.hubapi.com/crm/v3/objects/deals?limit=1&hapikey=$HAPIKEY")
echo "$answer" | grep -q '"results"'
echo "deals are there"
