"""What a tenant states about threats: advisories and its own measures, as files."""
