"""Juturna's hub of plugins, which is not part of this: copy the plugin's folder into yours instead."""
