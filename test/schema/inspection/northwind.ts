import type { DialectName } from 'offloop'
import type { SampleTable } from './sample.ts'

/** The schema of Northwind, which trades in food: https://github.com/microsoft/sql-server-samples/tree/master/samples/databases/northwind-pubs */
export const northwind: Readonly<Record<DialectName, string>> = {
  sqlite: `
create table "Categories" ("CategoryID" integer not null, "CategoryName" varchar(15) not null, "Description" ntext, "Picture" blob,
  constraint "PK_Categories" primary key ("CategoryID"));
create table "CustomerDemographics" ("CustomerTypeID" char(10) not null, "CustomerDesc" ntext,
  constraint "PK_CustomerDemographics" primary key ("CustomerTypeID"));
create table "Customers" (
  "CustomerID" char(5) not null, "CompanyName" varchar(40) not null, "ContactName" varchar(30), "ContactTitle" varchar(30),
  "Address" varchar(60), "City" varchar(15), "Region" varchar(15), "PostalCode" varchar(10), "Country" varchar(15), "Phone" varchar(24),
  "Fax" varchar(24),
  constraint "PK_Customers" primary key ("CustomerID")
);
create table "CustomerCustomerDemo" ("CustomerID" char(5) not null, "CustomerTypeID" char(10) not null,
  constraint "PK_CustomerCustomerDemo" primary key ("CustomerID", "CustomerTypeID"),
  constraint "FK_CustomerCustomerDemo_Type" foreign key ("CustomerTypeID") references "CustomerDemographics" ("CustomerTypeID"),
  constraint "FK_CustomerCustomerDemo_Customers" foreign key ("CustomerID") references "Customers" ("CustomerID"));
create table "Employees" (
  "EmployeeID" integer not null, "LastName" varchar(20) not null, "FirstName" varchar(10) not null, "Title" varchar(30),
  "TitleOfCourtesy" varchar(25), "BirthDate" datetime, "HireDate" datetime, "Address" varchar(60), "City" varchar(15), "Region" varchar(15),
  "PostalCode" varchar(10), "Country" varchar(15), "HomePhone" varchar(24), "Extension" varchar(4), "Photo" blob, "Notes" ntext not null,
  "ReportsTo" integer, "PhotoPath" varchar(255), "Salary" real,
  constraint "PK_Employees" primary key ("EmployeeID"),
  constraint "FK_Employees_Employees" foreign key ("ReportsTo") references "Employees" ("EmployeeID")
);
create table "Region" ("RegionID" integer not null, "RegionDescription" char(50) not null, constraint "PK_Region" primary key ("RegionID"));
create table "Territories" (
  "TerritoryID" varchar(20) not null, "TerritoryDescription" char(50) not null, "RegionID" integer not null,
  constraint "PK_Territories" primary key ("TerritoryID"),
  constraint "FK_Territories_Region" foreign key ("RegionID") references "Region" ("RegionID")
);
create table "EmployeeTerritories" ("EmployeeID" integer not null, "TerritoryID" varchar(20) not null,
  constraint "PK_EmployeeTerritories" primary key ("EmployeeID", "TerritoryID"),
  constraint "FK_EmployeeTerritories_Employees" foreign key ("EmployeeID") references "Employees" ("EmployeeID"),
  constraint "FK_EmployeeTerritories_Territories" foreign key ("TerritoryID") references "Territories" ("TerritoryID"));
create table "Shippers" ("ShipperID" integer not null, "CompanyName" varchar(40) not null, "Phone" varchar(24),
  constraint "PK_Shippers" primary key ("ShipperID"));
create table "Suppliers" (
  "SupplierID" integer not null, "CompanyName" varchar(40) not null, "ContactName" varchar(30), "ContactTitle" varchar(30), "Address" varchar(60),
  "City" varchar(15), "Region" varchar(15), "PostalCode" varchar(10), "Country" varchar(15), "Phone" varchar(24), "Fax" varchar(24),
  "HomePage" ntext,
  constraint "PK_Suppliers" primary key ("SupplierID")
);
create table "Products" (
  "ProductID" integer not null, "ProductName" varchar(40) not null, "SupplierID" integer, "CategoryID" integer, "QuantityPerUnit" varchar(20),
  "UnitPrice" numeric(10,4) default 0, "UnitsInStock" smallint default 0, "UnitsOnOrder" smallint default 0, "ReorderLevel" smallint default 0,
  "Discontinued" boolean default 0 not null,
  constraint "PK_Products" primary key ("ProductID"),
  constraint "FK_Products_Categories" foreign key ("CategoryID") references "Categories" ("CategoryID"),
  constraint "FK_Products_Suppliers" foreign key ("SupplierID") references "Suppliers" ("SupplierID"),
  constraint "CK_Products_UnitPrice" check ("UnitPrice" >= 0),
  constraint "CK_UnitsInStock" check ("UnitsInStock" >= 0)
);
create table "Orders" (
  "OrderID" integer not null, "CustomerID" char(5), "EmployeeID" integer, "OrderDate" datetime, "RequiredDate" datetime, "ShippedDate" datetime,
  "ShipVia" integer, "Freight" numeric(10,4) default 0, "ShipName" varchar(40), "ShipAddress" varchar(60), "ShipCity" varchar(15),
  "ShipRegion" varchar(15), "ShipPostalCode" varchar(10), "ShipCountry" varchar(15),
  constraint "PK_Orders" primary key ("OrderID"),
  constraint "FK_Orders_Customers" foreign key ("CustomerID") references "Customers" ("CustomerID"),
  constraint "FK_Orders_Employees" foreign key ("EmployeeID") references "Employees" ("EmployeeID"),
  constraint "FK_Orders_Shippers" foreign key ("ShipVia") references "Shippers" ("ShipperID")
);
create table "Order Details" (
  "OrderID" integer not null, "ProductID" integer not null, "UnitPrice" numeric(10,4) default 0 not null, "Quantity" smallint default 1 not null,
  "Discount" real default 0 not null,
  constraint "PK_Order_Details" primary key ("OrderID", "ProductID"),
  constraint "FK_Order_Details_Orders" foreign key ("OrderID") references "Orders" ("OrderID") on delete cascade,
  constraint "FK_Order_Details_Products" foreign key ("ProductID") references "Products" ("ProductID"),
  constraint "CK_Discount" check ("Discount" >= 0 and "Discount" <= 1),
  constraint "CK_Quantity" check ("Quantity" > 0)
);
create index "Categories_CategoryName" on "Categories" ("CategoryName");
create index "CustomerCustomerDemo_CustomerTypeID" on "CustomerCustomerDemo" ("CustomerTypeID");
create index "Customers_City" on "Customers" ("City");
create index "Customers_CompanyName" on "Customers" ("CompanyName");
create index "Customers_PostalCode" on "Customers" ("PostalCode");
create index "Customers_Region" on "Customers" ("Region");
create index "Employees_LastName" on "Employees" ("LastName");
create index "Employees_PostalCode" on "Employees" ("PostalCode");
create index "Employees_ReportsTo" on "Employees" ("ReportsTo");
create index "EmployeeTerritories_TerritoryID" on "EmployeeTerritories" ("TerritoryID");
create index "Order_Details_OrderID" on "Order Details" ("OrderID");
create index "Order_Details_ProductID" on "Order Details" ("ProductID");
create index "Orders_CustomerID" on "Orders" ("CustomerID");
create index "Orders_EmployeeID" on "Orders" ("EmployeeID");
create index "Orders_OrderDate" on "Orders" ("OrderDate");
create index "Orders_ShippedDate" on "Orders" ("ShippedDate");
create index "Orders_ShipVia" on "Orders" ("ShipVia");
create index "Orders_ShipPostalCode" on "Orders" ("ShipPostalCode");
create index "Products_CategoryID" on "Products" ("CategoryID");
create index "Products_ProductName" on "Products" ("ProductName");
create index "Products_SupplierID" on "Products" ("SupplierID");
create index "Suppliers_CompanyName" on "Suppliers" ("CompanyName");
create index "Suppliers_PostalCode" on "Suppliers" ("PostalCode");
create index "Territories_RegionID" on "Territories" ("RegionID");`,

  postgresql: `
create table "Categories" ("CategoryID" integer not null, "CategoryName" varchar(15) not null, "Description" text, "Picture" bytea,
  constraint "PK_Categories" primary key ("CategoryID"));
create table "CustomerDemographics" ("CustomerTypeID" char(10) not null, "CustomerDesc" text,
  constraint "PK_CustomerDemographics" primary key ("CustomerTypeID"));
create table "Customers" (
  "CustomerID" char(5) not null, "CompanyName" varchar(40) not null, "ContactName" varchar(30), "ContactTitle" varchar(30),
  "Address" varchar(60), "City" varchar(15), "Region" varchar(15), "PostalCode" varchar(10), "Country" varchar(15), "Phone" varchar(24),
  "Fax" varchar(24),
  constraint "PK_Customers" primary key ("CustomerID")
);
create table "CustomerCustomerDemo" ("CustomerID" char(5) not null, "CustomerTypeID" char(10) not null,
  constraint "PK_CustomerCustomerDemo" primary key ("CustomerID", "CustomerTypeID"),
  constraint "FK_CustomerCustomerDemo_Type" foreign key ("CustomerTypeID") references "CustomerDemographics" ("CustomerTypeID"),
  constraint "FK_CustomerCustomerDemo_Customers" foreign key ("CustomerID") references "Customers" ("CustomerID"));
create table "Employees" (
  "EmployeeID" integer not null, "LastName" varchar(20) not null, "FirstName" varchar(10) not null, "Title" varchar(30),
  "TitleOfCourtesy" varchar(25), "BirthDate" timestamp, "HireDate" timestamp, "Address" varchar(60), "City" varchar(15), "Region" varchar(15),
  "PostalCode" varchar(10), "Country" varchar(15), "HomePhone" varchar(24), "Extension" varchar(4), "Photo" bytea, "Notes" text not null,
  "ReportsTo" integer, "PhotoPath" varchar(255), "Salary" real,
  constraint "PK_Employees" primary key ("EmployeeID"),
  constraint "FK_Employees_Employees" foreign key ("ReportsTo") references "Employees" ("EmployeeID")
);
create table "Region" ("RegionID" integer not null, "RegionDescription" char(50) not null, constraint "PK_Region" primary key ("RegionID"));
create table "Territories" (
  "TerritoryID" varchar(20) not null, "TerritoryDescription" char(50) not null, "RegionID" integer not null,
  constraint "PK_Territories" primary key ("TerritoryID"),
  constraint "FK_Territories_Region" foreign key ("RegionID") references "Region" ("RegionID")
);
create table "EmployeeTerritories" ("EmployeeID" integer not null, "TerritoryID" varchar(20) not null,
  constraint "PK_EmployeeTerritories" primary key ("EmployeeID", "TerritoryID"),
  constraint "FK_EmployeeTerritories_Employees" foreign key ("EmployeeID") references "Employees" ("EmployeeID"),
  constraint "FK_EmployeeTerritories_Territories" foreign key ("TerritoryID") references "Territories" ("TerritoryID"));
create table "Shippers" ("ShipperID" integer not null, "CompanyName" varchar(40) not null, "Phone" varchar(24),
  constraint "PK_Shippers" primary key ("ShipperID"));
create table "Suppliers" (
  "SupplierID" integer not null, "CompanyName" varchar(40) not null, "ContactName" varchar(30), "ContactTitle" varchar(30), "Address" varchar(60),
  "City" varchar(15), "Region" varchar(15), "PostalCode" varchar(10), "Country" varchar(15), "Phone" varchar(24), "Fax" varchar(24),
  "HomePage" text,
  constraint "PK_Suppliers" primary key ("SupplierID")
);
create table "Products" (
  "ProductID" integer not null, "ProductName" varchar(40) not null, "SupplierID" integer, "CategoryID" integer, "QuantityPerUnit" varchar(20),
  "UnitPrice" numeric(10,4) default 0, "UnitsInStock" smallint default 0, "UnitsOnOrder" smallint default 0, "ReorderLevel" smallint default 0,
  "Discontinued" boolean default false not null,
  constraint "PK_Products" primary key ("ProductID"),
  constraint "FK_Products_Categories" foreign key ("CategoryID") references "Categories" ("CategoryID"),
  constraint "FK_Products_Suppliers" foreign key ("SupplierID") references "Suppliers" ("SupplierID"),
  constraint "CK_Products_UnitPrice" check ("UnitPrice" >= 0),
  constraint "CK_UnitsInStock" check ("UnitsInStock" >= 0)
);
create table "Orders" (
  "OrderID" integer not null, "CustomerID" char(5), "EmployeeID" integer, "OrderDate" timestamp, "RequiredDate" timestamp, "ShippedDate" timestamp,
  "ShipVia" integer, "Freight" numeric(10,4) default 0, "ShipName" varchar(40), "ShipAddress" varchar(60), "ShipCity" varchar(15),
  "ShipRegion" varchar(15), "ShipPostalCode" varchar(10), "ShipCountry" varchar(15),
  constraint "PK_Orders" primary key ("OrderID"),
  constraint "FK_Orders_Customers" foreign key ("CustomerID") references "Customers" ("CustomerID"),
  constraint "FK_Orders_Employees" foreign key ("EmployeeID") references "Employees" ("EmployeeID"),
  constraint "FK_Orders_Shippers" foreign key ("ShipVia") references "Shippers" ("ShipperID")
);
create table "Order Details" (
  "OrderID" integer not null, "ProductID" integer not null, "UnitPrice" numeric(10,4) default 0 not null, "Quantity" smallint default 1 not null,
  "Discount" real default 0 not null,
  constraint "PK_Order_Details" primary key ("OrderID", "ProductID"),
  constraint "FK_Order_Details_Orders" foreign key ("OrderID") references "Orders" ("OrderID") on delete cascade,
  constraint "FK_Order_Details_Products" foreign key ("ProductID") references "Products" ("ProductID"),
  constraint "CK_Discount" check ("Discount" >= 0 and "Discount" <= 1),
  constraint "CK_Quantity" check ("Quantity" > 0)
);
create index "Categories_CategoryName" on "Categories" ("CategoryName");
create index "CustomerCustomerDemo_CustomerTypeID" on "CustomerCustomerDemo" ("CustomerTypeID");
create index "Customers_City" on "Customers" ("City");
create index "Customers_CompanyName" on "Customers" ("CompanyName");
create index "Customers_PostalCode" on "Customers" ("PostalCode");
create index "Customers_Region" on "Customers" ("Region");
create index "Employees_LastName" on "Employees" ("LastName");
create index "Employees_PostalCode" on "Employees" ("PostalCode");
create index "Employees_ReportsTo" on "Employees" ("ReportsTo");
create index "EmployeeTerritories_TerritoryID" on "EmployeeTerritories" ("TerritoryID");
create index "Order_Details_OrderID" on "Order Details" ("OrderID");
create index "Order_Details_ProductID" on "Order Details" ("ProductID");
create index "Orders_CustomerID" on "Orders" ("CustomerID");
create index "Orders_EmployeeID" on "Orders" ("EmployeeID");
create index "Orders_OrderDate" on "Orders" ("OrderDate");
create index "Orders_ShippedDate" on "Orders" ("ShippedDate");
create index "Orders_ShipVia" on "Orders" ("ShipVia");
create index "Orders_ShipPostalCode" on "Orders" ("ShipPostalCode");
create index "Products_CategoryID" on "Products" ("CategoryID");
create index "Products_ProductName" on "Products" ("ProductName");
create index "Products_SupplierID" on "Products" ("SupplierID");
create index "Suppliers_CompanyName" on "Suppliers" ("CompanyName");
create index "Suppliers_PostalCode" on "Suppliers" ("PostalCode");
create index "Territories_RegionID" on "Territories" ("RegionID");`,

  mysql: `
create table \`Categories\` (\`CategoryID\` int not null, \`CategoryName\` varchar(15) not null, \`Description\` mediumtext, \`Picture\` longblob,
  constraint \`PK_Categories\` primary key (\`CategoryID\`));
create table \`CustomerDemographics\` (\`CustomerTypeID\` char(10) not null, \`CustomerDesc\` mediumtext,
  constraint \`PK_CustomerDemographics\` primary key (\`CustomerTypeID\`));
create table \`Customers\` (
  \`CustomerID\` char(5) not null, \`CompanyName\` varchar(40) not null, \`ContactName\` varchar(30), \`ContactTitle\` varchar(30),
  \`Address\` varchar(60), \`City\` varchar(15), \`Region\` varchar(15), \`PostalCode\` varchar(10), \`Country\` varchar(15), \`Phone\` varchar(24),
  \`Fax\` varchar(24),
  constraint \`PK_Customers\` primary key (\`CustomerID\`)
);
create table \`CustomerCustomerDemo\` (\`CustomerID\` char(5) not null, \`CustomerTypeID\` char(10) not null,
  constraint \`PK_CustomerCustomerDemo\` primary key (\`CustomerID\`, \`CustomerTypeID\`),
  constraint \`FK_CustomerCustomerDemo_Type\` foreign key (\`CustomerTypeID\`) references \`CustomerDemographics\` (\`CustomerTypeID\`),
  constraint \`FK_CustomerCustomerDemo_Customers\` foreign key (\`CustomerID\`) references \`Customers\` (\`CustomerID\`));
create table \`Employees\` (
  \`EmployeeID\` int not null, \`LastName\` varchar(20) not null, \`FirstName\` varchar(10) not null, \`Title\` varchar(30),
  \`TitleOfCourtesy\` varchar(25), \`BirthDate\` datetime, \`HireDate\` datetime, \`Address\` varchar(60), \`City\` varchar(15), \`Region\` varchar(15),
  \`PostalCode\` varchar(10), \`Country\` varchar(15), \`HomePhone\` varchar(24), \`Extension\` varchar(4), \`Photo\` longblob, \`Notes\` mediumtext not null,
  \`ReportsTo\` int, \`PhotoPath\` varchar(255), \`Salary\` double,
  constraint \`PK_Employees\` primary key (\`EmployeeID\`),
  constraint \`FK_Employees_Employees\` foreign key (\`ReportsTo\`) references \`Employees\` (\`EmployeeID\`)
);
create table \`Region\` (\`RegionID\` int not null, \`RegionDescription\` char(50) not null, constraint \`PK_Region\` primary key (\`RegionID\`));
create table \`Territories\` (
  \`TerritoryID\` varchar(20) not null, \`TerritoryDescription\` char(50) not null, \`RegionID\` int not null,
  constraint \`PK_Territories\` primary key (\`TerritoryID\`),
  constraint \`FK_Territories_Region\` foreign key (\`RegionID\`) references \`Region\` (\`RegionID\`)
);
create table \`EmployeeTerritories\` (\`EmployeeID\` int not null, \`TerritoryID\` varchar(20) not null,
  constraint \`PK_EmployeeTerritories\` primary key (\`EmployeeID\`, \`TerritoryID\`),
  constraint \`FK_EmployeeTerritories_Employees\` foreign key (\`EmployeeID\`) references \`Employees\` (\`EmployeeID\`),
  constraint \`FK_EmployeeTerritories_Territories\` foreign key (\`TerritoryID\`) references \`Territories\` (\`TerritoryID\`));
create table \`Shippers\` (\`ShipperID\` int not null, \`CompanyName\` varchar(40) not null, \`Phone\` varchar(24),
  constraint \`PK_Shippers\` primary key (\`ShipperID\`));
create table \`Suppliers\` (
  \`SupplierID\` int not null, \`CompanyName\` varchar(40) not null, \`ContactName\` varchar(30), \`ContactTitle\` varchar(30), \`Address\` varchar(60),
  \`City\` varchar(15), \`Region\` varchar(15), \`PostalCode\` varchar(10), \`Country\` varchar(15), \`Phone\` varchar(24), \`Fax\` varchar(24),
  \`HomePage\` mediumtext,
  constraint \`PK_Suppliers\` primary key (\`SupplierID\`)
);
create table \`Products\` (
  \`ProductID\` int not null, \`ProductName\` varchar(40) not null, \`SupplierID\` int, \`CategoryID\` int, \`QuantityPerUnit\` varchar(20),
  \`UnitPrice\` numeric(10,4) default 0, \`UnitsInStock\` smallint default 0, \`UnitsOnOrder\` smallint default 0, \`ReorderLevel\` smallint default 0,
  \`Discontinued\` boolean default false not null,
  constraint \`PK_Products\` primary key (\`ProductID\`),
  constraint \`FK_Products_Categories\` foreign key (\`CategoryID\`) references \`Categories\` (\`CategoryID\`),
  constraint \`FK_Products_Suppliers\` foreign key (\`SupplierID\`) references \`Suppliers\` (\`SupplierID\`),
  constraint \`CK_Products_UnitPrice\` check (\`UnitPrice\` >= 0),
  constraint \`CK_UnitsInStock\` check (\`UnitsInStock\` >= 0)
);
create table \`Orders\` (
  \`OrderID\` int not null, \`CustomerID\` char(5), \`EmployeeID\` int, \`OrderDate\` datetime, \`RequiredDate\` datetime, \`ShippedDate\` datetime,
  \`ShipVia\` int, \`Freight\` numeric(10,4) default 0, \`ShipName\` varchar(40), \`ShipAddress\` varchar(60), \`ShipCity\` varchar(15),
  \`ShipRegion\` varchar(15), \`ShipPostalCode\` varchar(10), \`ShipCountry\` varchar(15),
  constraint \`PK_Orders\` primary key (\`OrderID\`),
  constraint \`FK_Orders_Customers\` foreign key (\`CustomerID\`) references \`Customers\` (\`CustomerID\`),
  constraint \`FK_Orders_Employees\` foreign key (\`EmployeeID\`) references \`Employees\` (\`EmployeeID\`),
  constraint \`FK_Orders_Shippers\` foreign key (\`ShipVia\`) references \`Shippers\` (\`ShipperID\`)
);
create table \`Order Details\` (
  \`OrderID\` int not null, \`ProductID\` int not null, \`UnitPrice\` numeric(10,4) default 0 not null, \`Quantity\` smallint default 1 not null,
  \`Discount\` double default 0 not null,
  constraint \`PK_Order_Details\` primary key (\`OrderID\`, \`ProductID\`),
  constraint \`FK_Order_Details_Orders\` foreign key (\`OrderID\`) references \`Orders\` (\`OrderID\`) on delete cascade,
  constraint \`FK_Order_Details_Products\` foreign key (\`ProductID\`) references \`Products\` (\`ProductID\`),
  constraint \`CK_Discount\` check (\`Discount\` >= 0 and \`Discount\` <= 1),
  constraint \`CK_Quantity\` check (\`Quantity\` > 0)
);
create index \`Categories_CategoryName\` on \`Categories\` (\`CategoryName\`);
create index \`CustomerCustomerDemo_CustomerTypeID\` on \`CustomerCustomerDemo\` (\`CustomerTypeID\`);
create index \`Customers_City\` on \`Customers\` (\`City\`);
create index \`Customers_CompanyName\` on \`Customers\` (\`CompanyName\`);
create index \`Customers_PostalCode\` on \`Customers\` (\`PostalCode\`);
create index \`Customers_Region\` on \`Customers\` (\`Region\`);
create index \`Employees_LastName\` on \`Employees\` (\`LastName\`);
create index \`Employees_PostalCode\` on \`Employees\` (\`PostalCode\`);
create index \`Employees_ReportsTo\` on \`Employees\` (\`ReportsTo\`);
create index \`EmployeeTerritories_TerritoryID\` on \`EmployeeTerritories\` (\`TerritoryID\`);
create index \`Order_Details_OrderID\` on \`Order Details\` (\`OrderID\`);
create index \`Order_Details_ProductID\` on \`Order Details\` (\`ProductID\`);
create index \`Orders_CustomerID\` on \`Orders\` (\`CustomerID\`);
create index \`Orders_EmployeeID\` on \`Orders\` (\`EmployeeID\`);
create index \`Orders_OrderDate\` on \`Orders\` (\`OrderDate\`);
create index \`Orders_ShippedDate\` on \`Orders\` (\`ShippedDate\`);
create index \`Orders_ShipVia\` on \`Orders\` (\`ShipVia\`);
create index \`Orders_ShipPostalCode\` on \`Orders\` (\`ShipPostalCode\`);
create index \`Products_CategoryID\` on \`Products\` (\`CategoryID\`);
create index \`Products_ProductName\` on \`Products\` (\`ProductName\`);
create index \`Products_SupplierID\` on \`Products\` (\`SupplierID\`);
create index \`Suppliers_CompanyName\` on \`Suppliers\` (\`CompanyName\`);
create index \`Suppliers_PostalCode\` on \`Suppliers\` (\`PostalCode\`);
create index \`Territories_RegionID\` on \`Territories\` (\`RegionID\`);`,
}

const address = 'Address string(60), City string(15), Region string(15), PostalCode string(10), Country string(15)'
const contact = 'CompanyName string(40)!, ContactName string(30), ContactTitle string(30)'

/** What is in it. */
export const northwindTables: readonly SampleTable[] = [
  {
    name: 'Categories',
    columns: 'CategoryID integer!, CategoryName string(15)!, Description text, Picture binary',
    primaryKey: ['CategoryID'],
    foreignKeys: [],
    indexes: [['CategoryName']],
  },
  {
    name: 'CustomerCustomerDemo',
    columns: 'CustomerID fixed(5)!, CustomerTypeID fixed(10)!',
    primaryKey: ['CustomerID', 'CustomerTypeID'],
    foreignKeys: [
      ['CustomerID', 'Customers', 'CustomerID'],
      ['CustomerTypeID', 'CustomerDemographics', 'CustomerTypeID'],
    ],
    indexes: [['CustomerTypeID']],
  },
  {
    name: 'CustomerDemographics',
    columns: 'CustomerTypeID fixed(10)!, CustomerDesc text',
    primaryKey: ['CustomerTypeID'],
    foreignKeys: [],
    indexes: [],
  },
  {
    name: 'Customers',
    columns: `CustomerID fixed(5)!, ${contact}, ${address}, Phone string(24), Fax string(24)`,
    primaryKey: ['CustomerID'],
    foreignKeys: [],
    indexes: [['City'], ['CompanyName'], ['PostalCode'], ['Region']],
  },
  {
    name: 'EmployeeTerritories',
    columns: 'EmployeeID integer!, TerritoryID string(20)!',
    primaryKey: ['EmployeeID', 'TerritoryID'],
    foreignKeys: [
      ['EmployeeID', 'Employees', 'EmployeeID'],
      ['TerritoryID', 'Territories', 'TerritoryID'],
    ],
    indexes: [['TerritoryID']],
  },
  {
    name: 'Employees',
    columns: `EmployeeID integer!, LastName string(20)!, FirstName string(10)!, Title string(30), TitleOfCourtesy string(25), BirthDate dateTime,
      HireDate dateTime, ${address}, HomePhone string(24), Extension string(4), Photo binary, Notes text!, ReportsTo integer,
      PhotoPath string(255), Salary float`,
    primaryKey: ['EmployeeID'],
    foreignKeys: [['ReportsTo', 'Employees', 'EmployeeID']],
    indexes: [['LastName'], ['PostalCode'], ['ReportsTo']],
  },
  {
    name: 'Order Details',
    columns: 'OrderID integer!, ProductID integer!, UnitPrice numeric(10,4)!, Quantity integer!, Discount float!',
    primaryKey: ['OrderID', 'ProductID'],
    foreignKeys: [
      ['OrderID', 'Orders', 'OrderID'],
      ['ProductID', 'Products', 'ProductID'],
    ],
    indexes: [['OrderID'], ['ProductID']],
  },
  {
    name: 'Orders',
    columns: `OrderID integer!, CustomerID fixed(5), EmployeeID integer, OrderDate dateTime, RequiredDate dateTime, ShippedDate dateTime,
      ShipVia integer, Freight numeric(10,4), ShipName string(40), ShipAddress string(60), ShipCity string(15), ShipRegion string(15),
      ShipPostalCode string(10), ShipCountry string(15)`,
    primaryKey: ['OrderID'],
    foreignKeys: [
      ['CustomerID', 'Customers', 'CustomerID'],
      ['EmployeeID', 'Employees', 'EmployeeID'],
      ['ShipVia', 'Shippers', 'ShipperID'],
    ],
    indexes: [['CustomerID'], ['EmployeeID'], ['OrderDate'], ['ShippedDate'], ['ShipVia'], ['ShipPostalCode']],
  },
  {
    name: 'Products',
    columns: `ProductID integer!, ProductName string(40)!, SupplierID integer, CategoryID integer, QuantityPerUnit string(20),
      UnitPrice numeric(10,4), UnitsInStock integer, UnitsOnOrder integer, ReorderLevel integer, Discontinued boolean!`,
    primaryKey: ['ProductID'],
    foreignKeys: [
      ['CategoryID', 'Categories', 'CategoryID'],
      ['SupplierID', 'Suppliers', 'SupplierID'],
    ],
    indexes: [['CategoryID'], ['ProductName'], ['SupplierID']],
  },
  { name: 'Region', columns: 'RegionID integer!, RegionDescription fixed(50)!', primaryKey: ['RegionID'], foreignKeys: [], indexes: [] },
  {
    name: 'Shippers',
    columns: 'ShipperID integer!, CompanyName string(40)!, Phone string(24)',
    primaryKey: ['ShipperID'],
    foreignKeys: [],
    indexes: [],
  },
  {
    name: 'Suppliers',
    columns: `SupplierID integer!, ${contact}, ${address}, Phone string(24), Fax string(24), HomePage text`,
    primaryKey: ['SupplierID'],
    foreignKeys: [],
    indexes: [['CompanyName'], ['PostalCode']],
  },
  {
    name: 'Territories',
    columns: 'TerritoryID string(20)!, TerritoryDescription fixed(50)!, RegionID integer!',
    primaryKey: ['TerritoryID'],
    foreignKeys: [['RegionID', 'Region', 'RegionID']],
    indexes: [['RegionID']],
  },
]

/** The checks of the tables that have some, by name. */
export const northwindChecks: Readonly<Record<string, readonly string[]>> = {
  'Order Details': ['CK_Discount', 'CK_Quantity'],
  Products: ['CK_Products_UnitPrice', 'CK_UnitsInStock'],
}
