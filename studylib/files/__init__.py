"""Files of producers: received whole, decompressed, decoded, checked, whatever room reads them."""
