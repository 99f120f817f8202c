"""Files for the evaluation harnesses that people run: EvalScope, lmms-eval and VLMEvalKit."""
