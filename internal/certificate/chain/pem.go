package chain

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// parse reads certificates, and nothing else, each once.
func parse(text string) ([]*x509.Certificate, error) {
	blocks, err := decode(text)
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
			return nil, fmt.Errorf("%s is there twice", name(all[i]))
		}
	}
	return all, nil
}

func parseOne(text string) (*x509.Certificate, error) {
	all, err := parse(text)
	if err != nil {
		return nil, err
	}
	if len(all) != 1 {
		return nil, fmt.Errorf("there are %d certificates where one belongs", len(all))
	}
	return all[0], nil
}

// oneBlock reads a PEM block that has to be the only one.
func oneBlock(text string) (*pem.Block, error) {
	blocks, err := decode(text)
	if err != nil {
		return nil, err
	}
	if len(blocks) != 1 {
		return nil, fmt.Errorf("there are %d PEM blocks where one belongs", len(blocks))
	}
	return blocks[0], nil
}

// decode reads PEM blocks with nothing between them but white space. It quotes
// nothing of what it reads.
func decode(text string) ([]*pem.Block, error) {
	const begin = "-----BEGIN "
	var blocks []*pem.Block
	for rest := strings.TrimSpace(text); rest != ""; {
		block, after := pem.Decode([]byte(rest))
		if block == nil || !strings.HasPrefix(rest, begin) || strings.Count(rest[:len(rest)-len(after)], begin) != 1 {
			return nil, errors.New("there is something that isn't PEM")
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
	var text strings.Builder
	for _, c := range certificates {
		text.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
	}
	return text.String()
}
