"""What happened inside the model during a render: `measures.py` lists every measure, one file each.

None of them changes a pixel, and none knows how a blend is made.
"""
