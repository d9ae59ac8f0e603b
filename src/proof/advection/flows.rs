//! Flows whose exact solution after a period is the field at the start, their meshes and their tracers.
//!
//! Every stream function is `psi = p(x, t) q(y) + r(y)`, and the air through a face is the difference of psi between its corners: free of divergence.

use ndarray::Array3;
use std::f64::consts::PI;

/// A flow in time 0 ..= `period`.
pub struct Flow {
    pub name: &'static str,
    pub mesh: fn(usize) -> Mesh,
    pub period: f64,
    /// Steps of a period on a mesh of N.
    pub steps: fn(usize) -> usize,
    /// Does not change with time.
    pub steady: bool,
    p: fn(f64, f64) -> f64,
    q: fn(f64) -> f64,
    r: fn(f64) -> f64,
    pub tracers: [Tracer; 2],
}

/// A field at the start, by its values at the centres of the cells.
pub struct Tracer {
    pub name: &'static str,
    pub start: fn(f64, f64) -> f64,
    /// Smooth enough for the order of the scheme to show.
    pub smooth: bool,
    /// Name and limit of l2 at N = 128.
    pub limit: Option<(&'static str, f64)>,
}

/// Corners of the cells along x and y.
pub struct Mesh {
    x: Vec<f64>,
    y: Vec<f64>,
    /// What `y` measures area with: `(x1 - x0) (s(y1) - s(y0))`.
    s: fn(f64) -> f64,
    /// Columns at the western and at the eastern end that repeat those of the other end.
    pub overlap: usize,
}

/// A step spoils what lies within 5 columns of an open side: 3 along x, 2 in the range that bounds a sweep along y.
const OVERLAP: usize = 16;

impl Mesh {
    /// The unit square, N x N cells.
    fn square(n: usize) -> Self {
        let corners: Vec<f64> = (0..=n).map(|i| i as f64 / n as f64).collect();
        Self { x: corners.clone(), y: corners, s: |y| y, overlap: 0 }
    }

    /// The unit sphere, N x 2N cells of longitude and latitude, periodic in longitude.
    fn sphere(n: usize) -> Self {
        let cell = PI / n as f64;
        let x = (0..=2 * (n + OVERLAP)).map(|i| (i as f64 - OVERLAP as f64) * cell).collect();
        let y = (0..=n).map(|j| j as f64 * cell - 0.5 * PI).collect();
        Self { x, y, s: f64::sin, overlap: OVERLAP }
    }

    /// Rows and columns, overlap included.
    pub fn shape(&self) -> (usize, usize) {
        (self.y.len() - 1, self.x.len() - 1)
    }

    /// Columns that are no repetition.
    pub fn columns(&self) -> std::ops::Range<usize> {
        self.overlap..self.x.len() - 1 - self.overlap
    }

    /// Area of a cell in row `y`.
    pub fn area(&self, y: usize) -> f64 {
        (self.x[1] - self.x[0]) * ((self.s)(self.y[y + 1]) - (self.s)(self.y[y]))
    }

    /// Value of `field` at the centre of a cell.
    pub fn at_centre(&self, field: fn(f64, f64) -> f64, y: usize, x: usize) -> f64 {
        let middle = |corners: &[f64]| 0.5 * (corners[0] + corners[1]);
        field(middle(&self.x[x..]), middle(&self.y[y..]))
    }
}

impl Flow {
    /// Air through western `[0, y, x+1]` and southern `[0, y+1, x]` faces in the time `dt`, with the wind of the time `t`; air of density 1.
    pub fn air(&self, mesh: &Mesh, t: f64, dt: f64) -> (Array3<f32>, Array3<f32>) {
        let (ny, nx) = mesh.shape();
        let columns = mesh.columns();
        let turn = columns.len();
        // the repeated columns to the last bit
        let own = |i: usize| if mesh.overlap == 0 { i } else { columns.start + (i + turn - columns.start) % turn };
        let p: Vec<f64> = (0..=nx).map(|i| (self.p)(mesh.x[own(i)], t) * dt).collect();
        let q: Vec<f64> = mesh.y.iter().map(|y| (self.q)(*y)).collect();
        let r: Vec<f64> = mesh.y.iter().map(|y| (self.r)(*y) * dt).collect();
        let west = |(_, y, x): (usize, usize, usize)| (p[x] * (q[y] - q[y + 1]) + (r[y] - r[y + 1])) as f32;
        let south = |(_, y, x): (usize, usize, usize)| ((p[x + 1] - p[x]) * q[y]) as f32;
        (Array3::from_shape_fn((1, ny, nx + 1), west), Array3::from_shape_fn((1, ny + 1, nx), south))
    }
}

const GAUSSIAN: fn(f64, f64) -> f64 =
    |x, y| (-((x - 0.5).powi(2) + (y - 0.75).powi(2)) / (2.0 * 0.06f64.powi(2))).exp();

/// Radius 0.15 around (0.5, 0.75), with a slot 0.05 wide below y = 0.85.
const SLOT: fn(f64, f64) -> f64 = |x, y| {
    let inside = (x - 0.5).hypot(y - 0.75) <= 0.15 && ((x - 0.5).abs() >= 0.025 || y >= 0.85);
    f64::from(u8::from(inside))
};

/// Radius of bells and cylinders on the sphere, and the longitudes of their centres on the equator.
const RADIUS: f64 = 0.5;
const CENTRES: [f64; 2] = [5.0 / 6.0 * PI, 7.0 / 6.0 * PI];

/// Great-circle distance on the unit sphere to a centre on the equator.
fn distance(lon: f64, lat: f64, centre: f64) -> f64 {
    (lat.cos() * (lon - centre).cos()).clamp(-1.0, 1.0).acos()
}

const BELLS: fn(f64, f64) -> f64 = |lon, lat| {
    let bell = |centre: f64| {
        let r = distance(lon, lat, centre);
        if r < RADIUS { 0.5 * (1.0 + (PI * r / RADIUS).cos()) } else { 0.0 }
    };
    0.1 + 0.9 * (bell(CENTRES[0]) + bell(CENTRES[1]))
};

/// The slot of the first opens to the north, that of the second to the south.
const CYLINDERS: fn(f64, f64) -> f64 = |lon, lat| {
    let inside = |centre: f64, from_closed_end: f64| {
        distance(lon, lat, centre) <= RADIUS
            && ((lon - centre).abs() >= RADIUS / 6.0 || from_closed_end < -5.0 / 12.0 * RADIUS)
    };
    if inside(CENTRES[0], lat) || inside(CENTRES[1], -lat) { 1.0 } else { 0.1 }
};

/// Time of a turn on the sphere, and strength of its deformation.
const TURN: f64 = 5.0;
const STRENGTH: f64 = 2.0;

/// `rotation`: of a solid body, on the unit square. `swirl`: deforms until half of the period and comes back (LeVeque 1996, SIAM J. Numer.
/// Anal. 33, 627). `deformation`: case 4 of Nair & Lauritzen (2010), J. Comput. Phys. 229, 8868: the same on the sphere, in a rotating
/// background, so that errors do not cancel on the way back.
pub const FLOWS: [Flow; 3] = [
    Flow {
        name: "rotation",
        mesh: Mesh::square,
        period: 1.0,
        steps: |n| 1000 * n / 128,
        steady: true,
        p: |x, _| -PI * (x - 0.5).powi(2),
        q: |_| 1.0,
        r: |y| -PI * (y - 0.5).powi(2),
        tracers: [
            Tracer {
                name: "gaussian",
                start: GAUSSIAN,
                smooth: true,
                limit: Some(("l2, rotated Gaussian, N 128", 0.003)),
            },
            Tracer { name: "slot", start: SLOT, smooth: false, limit: None },
        ],
    },
    Flow {
        name: "swirl",
        mesh: Mesh::square,
        period: 1.5,
        steps: |n| 480 * n / 128,
        steady: false,
        p: |x, t| (PI * x).sin().powi(2) / PI * (PI * t / 1.5).cos(),
        q: |y| (PI * y).sin().powi(2),
        r: |_| 0.0,
        tracers: [
            Tracer {
                name: "gaussian",
                start: GAUSSIAN,
                smooth: true,
                limit: Some(("l2, swirled Gaussian, N 128", 0.007)),
            },
            Tracer { name: "slot", start: SLOT, smooth: false, limit: Some(("l2, swirled slot, N 128", 0.27)) },
        ],
    },
    Flow {
        name: "deformation",
        mesh: Mesh::sphere,
        period: TURN,
        // the fastest air crosses 0.7 of a cell in a step, at every latitude
        steps: |n| 12 * n,
        steady: false,
        p: |lon, t| STRENGTH * (lon - 2.0 * PI * t / TURN).sin().powi(2) * (PI * t / TURN).cos(),
        // cos^2, and nothing at all at the poles
        q: |lat| 1.0 - lat.sin().powi(2),
        r: |lat| -2.0 * PI / TURN * lat.sin(),
        tracers: [
            Tracer { name: "bells", start: BELLS, smooth: false, limit: None },
            Tracer { name: "cylinders", start: CYLINDERS, smooth: false, limit: None },
        ],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    /// The winds that Nair & Lauritzen (2010) state for case 4, from the air through small faces.
    #[test]
    fn the_air_on_the_sphere_moves_with_the_published_winds() {
        let flow = &FLOWS[2];
        let (n, t, dt) = (512, 1.7, 1e-2);
        let mesh = (flow.mesh)(n);
        let (west, south) = flow.air(&mesh, t, dt);
        let cell = PI / n as f64;
        for (y, x) in [(100, 77), (256, 400), (410, 900)] {
            let (lon, lat) = (mesh.x[x], 0.5 * (mesh.y[y] + mesh.y[y + 1]));
            let turned = lon - 2.0 * PI * t / 5.0;
            let u = 2.0 * turned.sin().powi(2) * (2.0 * lat).sin() * (PI * t / 5.0).cos() + 2.0 * PI * lat.cos() / 5.0;
            let got = f64::from(west[[0, y, x]]) / (cell * dt);
            assert!((got - u).abs() < 1e-4, "u at {lon} {lat}: {got} for {u}");
            let (lon, lat) = (0.5 * (mesh.x[x] + mesh.x[x + 1]), mesh.y[y]);
            let turned = lon - 2.0 * PI * t / 5.0;
            let v = 2.0 * (2.0 * turned).sin() * lat.cos() * (PI * t / 5.0).cos();
            let got = f64::from(south[[0, y, x]]) / (cell * lat.cos() * dt);
            assert!((got - v).abs() < 1e-4, "v at {lon} {lat}: {got} for {v}");
        }
    }

    /// No cell gains or loses air; none passes the poles; the columns of both ends are the same.
    #[test]
    fn the_air_is_free_of_divergence_and_periodic() {
        for flow in &FLOWS {
            let mesh = (flow.mesh)(64);
            let (ny, nx) = mesh.shape();
            let (west, south) = flow.air(&mesh, 0.3, 1e-2);
            for y in 0..ny {
                for x in 0..nx {
                    let (w, e, s, n) = (west[[0, y, x]], west[[0, y, x + 1]], south[[0, y, x]], south[[0, y + 1, x]]);
                    let through = w.abs() + e.abs() + s.abs() + n.abs();
                    assert!((w - e + s - n).abs() <= 1e-6 * through, "{} {y} {x}", flow.name);
                }
                if mesh.overlap > 0 {
                    let turn = mesh.columns().len();
                    assert!((0..=2 * mesh.overlap).all(|x| west[[0, y, x]] == west[[0, y, x + turn]]));
                }
            }
            if mesh.overlap > 0 {
                assert!((0..nx).all(|x| south[[0, 0, x]] == 0.0 && south[[0, ny, x]] == 0.0));
            }
        }
    }

    #[test]
    fn tracers_are_those_that_were_published() {
        assert_eq!((GAUSSIAN(0.5, 0.75), SLOT(0.5, 0.86), SLOT(0.5, 0.8), SLOT(0.53, 0.7)), (1.0, 1.0, 0.0, 1.0));
        // half-way down a bell; on the edge of both; the slots are open to opposite sides
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a} {b}");
        close(BELLS(5.0 * PI / 6.0, 0.25), 0.55);
        close(BELLS(5.0 * PI / 6.0, 0.0), 1.0);
        close(BELLS(PI, 0.0), 0.1);
        for (lat, first, second) in [(0.3, 0.1, 1.0), (-0.3, 1.0, 0.1), (0.0, 0.1, 0.1)] {
            assert_eq!((CYLINDERS(CENTRES[0], lat), CYLINDERS(CENTRES[1], lat)), (first, second));
        }
        assert_eq!((CYLINDERS(CENTRES[0] - 0.2, 0.0), CYLINDERS(0.0, 0.0)), (1.0, 0.1));
    }
}
