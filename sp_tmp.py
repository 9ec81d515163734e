import sys
from tests.evals.style_augmentation import *
name=sys.argv[1]
c=load_classifier(name); f=mapped(c,120,12)
print(name, {"pictures": len(f), "spearman": tells_flips(f), "hidden": hides(c,f), "randomised": randomised(f)}, flush=True)
m=[a.maps.total for *_,a in f]; fl=[a.flips.mean() for *_,a in f]
rel=[(a.maps.total/ max(a.probabilities[0,a.first],.01)**2).mean() for *_,a in f]
print("max",spearmanr([x.max() for x in m],fl).statistic,"relative to p0",spearmanr(rel,fl).statistic)
