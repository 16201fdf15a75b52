"""What a tenant decides by: rule sets in their stages, stops, exemptions."""
