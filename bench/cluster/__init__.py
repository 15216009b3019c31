"""Several nodes on one Redis behind nginx: what players notice when one dies, what events cost."""
