"""Searches and experiments for people; nothing that serves customers reaches in here."""
