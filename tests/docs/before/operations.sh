mkdir -p /etc/keyway /safe/
printf 'listen = "127.0.0.1:8484"\nadmin = "127.0.0.1:8485"\n' > /etc/keyway/keyway.toml
