complete --keep-order --exclusive --command keyway --arguments "(COMPLETE=fish keyway -- (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token))"
