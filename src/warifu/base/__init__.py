"""What everything stands on: errors, codecs, certificates. No I/O, no clock, trusts nothing."""
