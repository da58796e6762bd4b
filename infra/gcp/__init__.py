"""The Google side: the hub that every cloud's costs are collected into, and Google's own bills."""
