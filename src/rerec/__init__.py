"""ReRec: language models that reason about what to recommend.

Graphs, queries, reinforcement fine-tuning and evaluation for recommendation assistants, after
"ReRec: Reasoning-Augmented LLM-based Recommendation Assistant via Reinforcement Fine-tuning"
(arXiv 2604.07851).
"""

__version__ = "0.1.0"
