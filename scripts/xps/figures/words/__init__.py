"""Sentences written from tables: captions, and the methods section."""
