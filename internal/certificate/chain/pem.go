package chain

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// Parse reads PEM with certificates only. It rejects duplicates.
func Parse(encoded string) ([]*x509.Certificate, error) {
	blocks, err := decode(encoded)
	if err != nil {
		return nil, err
	}
	all := make([]*x509.Certificate, len(blocks))
	for i, block := range blocks {
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("block %d is a %s", i+1, block.Type)
		}
		if all[i], err = x509.ParseCertificate(block.Bytes); err != nil {
			return nil, fmt.Errorf("block %d: %w", i+1, err)
		}
		if len(without(all[:i], all[i])) < i {
			return nil, fmt.Errorf("%s is a duplicate", name(all[i]))
		}
	}
	return all, nil
}

func parseOne(encoded string) (*x509.Certificate, error) {
	all, err := Parse(encoded)
	if err != nil {
		return nil, err
	}
	if len(all) != 1 {
		return nil, fmt.Errorf("there are %d certificates; there must be one", len(all))
	}
	return all[0], nil
}

// oneBlock reads PEM with a single block.
func oneBlock(encoded string) (*pem.Block, error) {
	blocks, err := decode(encoded)
	if err != nil {
		return nil, err
	}
	if len(blocks) != 1 {
		return nil, fmt.Errorf("there are %d PEM blocks; there must be one", len(blocks))
	}
	return blocks[0], nil
}

// decode reads PEM blocks with nothing between them but white space. Its errors quote
// nothing of its input.
func decode(encoded string) ([]*pem.Block, error) {
	const begin = "-----BEGIN "
	var blocks []*pem.Block
	for rest := strings.TrimSpace(encoded); rest != ""; {
		block, after := pem.Decode([]byte(rest))
		if block == nil || !strings.HasPrefix(rest, begin) || strings.Count(rest[:len(rest)-len(after)], begin) != 1 {
			return nil, errors.New("it has content that isn't PEM")
		}
		if len(block.Headers) > 0 {
			return nil, fmt.Errorf("the PEM block %s has headers", block.Type)
		}
		blocks = append(blocks, block)
		rest = strings.TrimSpace(string(after))
	}
	return blocks, nil
}

func encode(certificates ...*x509.Certificate) string {
	var encoded strings.Builder
	for _, c := range certificates {
		encoded.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
	}
	return encoded.String()
}
