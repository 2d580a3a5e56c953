hubspot
