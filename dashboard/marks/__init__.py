"""Small marks that several pages share: ages that tick, grades with a shape, numbers to ring, notices."""
