"""The version of this program, without a look at the installed package."""

VERSION = "0.2.0"
