package mls

// JoinGroupWith joins with a tree that is not inline, and with pre-shared keys.
func JoinGroupWith(w *Welcome, own *PrivateKeyPackage, tree []byte, pskSecret func(psks []byte) ([]byte, error)) (*Group, error) {
	return join(w, own, tree, pskSecret)
}
