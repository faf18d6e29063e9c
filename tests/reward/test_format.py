"""The format part of the reward."""

import numpy as np

from rerec.reward.format import boxed


def test_a_box_earns_one_half_and_none_loses_one_half():
    assert boxed(np.array([True, False, True])).tolist() == [0.5, -0.5, 0.5]
