"""Claims, a policy and trust in; what may be believed of device, app and key out."""
