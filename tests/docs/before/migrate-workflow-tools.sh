echo '{}' > workflow.json
