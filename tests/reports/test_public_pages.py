"""The report as a person meets it: three pages, six words, and what lies behind them."""

import gzip
import re
from collections.abc import Callable
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any
from uuid import uuid4

import pytest
from django.db import OperationalError, connection
from django.utils import timezone
from pytest_mock import MockerFixture

from tests.conftest import Cast, Door
