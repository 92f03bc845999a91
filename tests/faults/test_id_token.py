import json

import jwt
import pytest
from faults.token_faults import (
    has_mac_of_public_key,
    header,
    is_signed_as_it_says,
    is_signed_by,
    part,
    signing_keys,
)
from observations import Case, Observations, Scene
from support import RunningMock, decoded
