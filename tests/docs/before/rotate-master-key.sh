mkdir -p /safe/
keyway serve --data /var/lib/keyway
keyway backup /backups/2026-11-24 --data /var/lib/keyway
