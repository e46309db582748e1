package secretfile

import "testing"

func TestDPAPI(t *testing.T) {
	content, err := encode(planted, system())
	if err != nil {
		t.Fatal(err)
	}
	if got, err := decode(content, system()); got != planted || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}
