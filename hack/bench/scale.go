package main

func (r *results) scale() []byte { return nil }
