"""Triage: the queue of requests for negotiators, one incident on one screen, and what can happen next."""
