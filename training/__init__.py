"""A file of examples in, a model or an adapter out. No Django; torch only in the modules that compute.

Command line: `python -m training pretrain CONFIG --corpus DIR --out DIR [--resume]`.
"""
