"""Pro Santé Connect on your machine: a mock OpenID Provider behind mutual TLS. For tests, never for production."""

__version__ = "0.1.0"
