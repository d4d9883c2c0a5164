//go:build race

package truepeak_test

// racing is true under the race detector, which makes sums over samples ten times as
// slow and has nothing to find in them: the long measurements are shorter then.
const racing = true
