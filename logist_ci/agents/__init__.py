"""Agents: adapters that turn a task into a command, and its output into events."""
