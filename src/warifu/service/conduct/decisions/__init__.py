"""Decisions: asked for, made, kept."""
