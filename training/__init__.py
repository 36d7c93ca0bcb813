"""A file of examples in, a model or an adapter out. No Django; torch only in the modules that compute.

python -m training check DATA…                what is in the files, and what is wrong with them
python -m training clean DATA… --out DIR      the files anew, without noise and duplicates, and a report
python -m training tokenizer CONFIG           a tokenizer, and how well it fits each language
python -m training pretrain CONFIG --out DIR  a model from scratch; --resume goes on, --scale tries it out
python -m training evaluate MODEL             how good it is, measured through vLLM
"""
