"""From rewards to one advantage for each token: segments, blame, estimators, and the judge.

B is responses, T tokens, S segments of the longest response. Every mask is false on padding.
"""
